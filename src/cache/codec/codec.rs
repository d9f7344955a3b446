use super::error::CodecError;

/// Makes bytes of a `T`, and a `T` of bytes.
///
/// What was encoded decodes to what it was. For keys, one key has one encoding. Bytes may come from
/// anywhere: what makes no sense is an error, not a panic, and takes no more memory than the bytes
/// justify.
///
/// [`Plain`](super::Plain) is for bytes, strings and integers; with feature `serde`, `Postcard` is for
/// whatever is `Serialize` and `DeserializeOwned`.
///
/// # Examples
///
/// ```
/// use mtaio::cache::{Codec, CodecError};
///
/// struct Point { x: u32, y: u32 }
///
/// struct AsText;
///
/// impl Codec<Point> for AsText {
///     fn encode(&self, point: &Point, bytes: &mut Vec<u8>) -> Result<(), CodecError> {
///         bytes.extend(format!("{} {}", point.x, point.y).into_bytes());
///         Ok(())
///     }
///
///     fn decode(&self, bytes: &[u8]) -> Result<Point, CodecError> {
///         let text = str::from_utf8(bytes)?;
///         let (x, y) = text.split_once(' ').ok_or("no space in it")?;
///         Ok(Point { x: x.parse()?, y: y.parse()? })
///     }
/// }
///
/// let mut bytes = Vec::new();
/// AsText.encode(&Point { x: 1, y: 2 }, &mut bytes)?;
/// assert_eq!(AsText.decode(&bytes)?.y, 2);
/// # Ok::<(), CodecError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` makes no bytes of `{T}`",
    label = "no codec for `{T}`",
    note = "`Plain` is for bytes, strings and integers; `Postcard`, with the feature `serde`, for what is `Serialize` and `DeserializeOwned`",
    note = "or implement `mtaio::cache::Codec<{T}>` for a type of yours"
)]
pub trait Codec<T>: Send + Sync + 'static {
    /// Appends the bytes of `value`.
    ///
    /// # Errors
    ///
    /// [`CodecError`] if there are none.
    fn encode(&self, value: &T, bytes: &mut Vec<u8>) -> Result<(), CodecError>;

    /// What `bytes`, all of them, are of.
    ///
    /// # Errors
    ///
    /// [`CodecError`] if they are of no `T`.
    fn decode(&self, bytes: &[u8]) -> Result<T, CodecError>;
}
