/// Appends a command: an array of bulks.
pub(crate) fn encode(out: &mut Vec<u8>, parts: &[&[u8]]) {
    out.reserve(encoded_len(parts));
    header(out, b'*', parts.len());
    for part in parts {
        header(out, b'$', part.len());
        out.extend_from_slice(part);
        out.extend_from_slice(b"\r\n");
    }
}

/// At most so many bytes is a command long.
pub(crate) fn encoded_len(parts: &[&[u8]]) -> usize {
    const HEADER: usize = 1 + 20 + 2;

    parts.iter().fold(HEADER, |sum, part| sum.saturating_add(HEADER + 2).saturating_add(part.len()))
}

fn header(out: &mut Vec<u8>, kind: u8, length: usize) {
    out.push(kind);
    if length < 10 {
        #[expect(clippy::cast_possible_truncation, reason = "a digit")]
        out.push(b'0' + length as u8);
    } else {
        let mut digits = [0; 20];
        let mut begin = digits.len();
        let mut rest = length;
        while rest > 0 {
            begin -= 1;
            #[expect(clippy::cast_possible_truncation, reason = "a digit")]
            let digit = (rest % 10) as u8;
            digits[begin] = b'0' + digit;
            rest /= 10;
        }
        out.extend_from_slice(&digits[begin..]);
    }
    out.extend_from_slice(b"\r\n");
}
