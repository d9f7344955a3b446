use std::fmt;
use std::str::FromStr;

use mtaio::ConfigError;

/// Where a server is and as whom to go there.
///
/// `redis://[[user]:password@]host[:port][/database]`, or with `valkey://`. What is reserved in a URL
/// is percent-encoded in the user and the password. The password is shown by nothing: not by
/// `Debug`, and not by errors.
///
/// (`rediss://` is refused: encryption is the connector's part, and a connector that knows nothing
/// of it would send the password in the clear.)
///
/// # Examples
///
/// ```
/// use mtaio_redis::Endpoint;
///
/// let endpoint: Endpoint = "redis://app:s%3Acret@cache.example:6380/2".parse()?;
/// assert_eq!((endpoint.host(), endpoint.port(), endpoint.database()), ("cache.example", 6380, 2));
/// assert_eq!(endpoint.user(), Some("app"));
/// assert!(!format!("{endpoint:?}").contains("s:cret"));
///
/// let refused = "redis://app:secret@cache.example:70000".parse::<Endpoint>().unwrap_err();
/// assert_eq!(refused.to_string(), "`port` is \"70000\", allowed is 1 to 65535");
/// # Ok::<(), mtaio::ConfigError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    address: Address,
    login: Option<Login>,
    database: u32,
}

/// The part of an [`Endpoint`] that a connector needs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    host: String,
    port: u16,
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) user: String,
    pub(crate) password: String,
}

const DEFAULT_PORT: u16 = 6379;
/// Whom a password alone belongs to.
const DEFAULT_USER: &str = "default";
const HIDDEN: &str = "(hidden)";

impl Endpoint {
    /// A server on `host`, which is not looked at before it is connected to.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self { address: Address { host: host.into(), port }, login: None, database: 0 }
    }

    /// As this user, who has this password.
    #[must_use]
    pub fn with_login(self, user: impl Into<String>, password: impl Into<String>) -> Self {
        Self { login: Some(Login { user: user.into(), password: password.into() }), ..self }
    }

    /// In this database, not in the first.
    #[must_use]
    pub fn with_database(self, database: u32) -> Self {
        Self { database, ..self }
    }

    /// The name or the address of the machine; an IPv6 address without its brackets.
    pub fn host(&self) -> &str {
        self.address.host()
    }

    /// The port.
    pub const fn port(&self) -> u16 {
        self.address.port
    }

    /// As whom one goes there, if one has to say.
    pub fn user(&self) -> Option<&str> {
        self.login.as_ref().map(|login| &*login.user)
    }

    /// The number of the database.
    pub const fn database(&self) -> u32 {
        self.database
    }

    /// Where it is.
    pub const fn address(&self) -> &Address {
        &self.address
    }

    pub(crate) const fn login(&self) -> Option<&Login> {
        self.login.as_ref()
    }
}

impl Address {
    /// The name or the address of the machine; an IPv6 address without its brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub const fn port(&self) -> u16 {
        self.port
    }
}

impl FromStr for Endpoint {
    type Err = ConfigError;

    fn from_str(url: &str) -> Result<Self, ConfigError> {
        let Some((scheme, rest)) = url.split_once("://") else {
            let shape = "redis://[[user]:password@]host[:port][/database]";
            return Err(ConfigError::new("url", quoted(&without_login(url)), shape));
        };
        match scheme {
            "redis" | "valkey" => {}
            "rediss" | "valkeys" => {
                let allowed = "redis or valkey, with a connector that encrypts";
                return Err(ConfigError::new("scheme", quoted(scheme), allowed));
            }
            _ => return Err(ConfigError::new("scheme", quoted(scheme), "redis or valkey")),
        }
        // By the last `@`: no host has one, and a password that has one is not shown in part.
        let (login, rest) = match rest.rsplit_once('@') {
            Some((login, rest)) => (Some(parse_login(login)?), rest),
            None => (None, rest),
        };
        if let Some((_, query)) = rest.split_once(['?', '#']) {
            let name = query.split(['=', '&']).next().unwrap_or_default();
            return Err(ConfigError::new(
                "query",
                quoted(name),
                "none: settings are the builder's",
            ));
        }
        let (place, path) = rest.split_once('/').unwrap_or((rest, ""));
        Ok(Self { address: parse_address(place)?, login, database: parse_database(path)? })
    }
}

fn parse_login(text: &str) -> Result<Login, ConfigError> {
    if text.contains(['/', '?', '#']) {
        let allowed = "percent-encoded where it has `/`, `?` or `#`";
        return Err(ConfigError::new("password", HIDDEN, allowed));
    }
    let Some((user, password)) = text.split_once(':') else {
        // It may well be a password whose colon was forgotten.
        return Err(ConfigError::new("password", "missing", "one for the user, after a colon"));
    };
    let allowed = "UTF-8, percent-encoded";
    let user =
        decode_percent(user).ok_or_else(|| ConfigError::new("user", quoted(user), allowed))?;
    let password =
        decode_percent(password).ok_or_else(|| ConfigError::new("password", HIDDEN, allowed))?;
    let user = if user.is_empty() { DEFAULT_USER.to_owned() } else { user };
    Ok(Login { user, password })
}

fn parse_address(place: &str) -> Result<Address, ConfigError> {
    let no_host =
        || ConfigError::new("host", quoted(place), "a name, an IPv4 address, or an [IPv6 address]");
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']').ok_or_else(no_host)?;
            match rest.strip_prefix(':') {
                Some(port) => (host, Some(port)),
                None if rest.is_empty() => (host, None),
                None => return Err(no_host()),
            }
        }
        None => match place.split_once(':') {
            // Two colons and no brackets.
            Some((_, port)) if port.contains(':') => return Err(no_host()),
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        },
    };
    if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(no_host());
    }
    let port = match port {
        None => DEFAULT_PORT,
        Some(port) => number(port)
            .filter(|&port| port != 0)
            .ok_or_else(|| ConfigError::new("port", quoted(port), "1 to 65535"))?,
    };
    Ok(Address { host: host.to_owned(), port })
}

fn parse_database(path: &str) -> Result<u32, ConfigError> {
    if path.is_empty() {
        return Ok(0);
    }
    number(path).ok_or_else(|| ConfigError::new("database", quoted(path), "a number, as in /2"))
}

/// `parse` alone would take a sign.
fn number<N: FromStr>(text: &str) -> Option<N> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

fn decode_percent(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'%' {
            let mut digit = || char::from(rest.next()?).to_digit(16);
            u8::try_from(digit()? * 16 + digit()?).ok()?
        } else {
            byte
        });
    }
    String::from_utf8(bytes).ok()
}

/// A part of a URL, as text is shown in a refusal.
fn quoted(part: &str) -> String {
    format!("{part:?}")
}

/// What is no URL may have a password in it all the same.
fn without_login(url: &str) -> String {
    match url.rsplit_once('@') {
        Some((_, rest)) => format!("{HIDDEN}@{rest}"),
        None => url.to_owned(),
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("address", &self.address)
            .field("user", &self.user())
            .field("database", &self.database)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Address {
    /// As it stands in a URL.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> Endpoint {
        url.parse().unwrap()
    }

    fn refused(url: &str) -> String {
        url.parse::<Endpoint>().unwrap_err().to_string()
    }

    #[test]
    fn what_is_left_out_is_the_ordinary() {
        assert_eq!(parsed("redis://localhost"), Endpoint::new("localhost", 6379));
        assert_eq!(parsed("valkey://localhost/"), Endpoint::new("localhost", 6379));
        assert_eq!(parsed("redis://:pw@h/0"), Endpoint::new("h", 6379).with_login("default", "pw"));
        assert_eq!(parsed("redis://u:@h:1"), Endpoint::new("h", 1).with_login("u", ""));
    }

    #[test]
    fn all_of_it() {
        let all = Endpoint::new("::1", 65_535).with_login("a@b", "c:d/€%").with_database(15);
        assert_eq!(parsed("redis://a%40b:c%3Ad%2F%e2%82%AC%25@[::1]:65535/15"), all);
        assert_eq!(all.address().to_string(), "[::1]:65535");
        assert_eq!(parsed("redis://u:p@ss:word@h").login().unwrap().password, "p@ss:word");
    }

    #[test]
    fn each_refusal_names_the_field_and_the_value() {
        for (url, told) in [
            ("localhost:6379", "`url` is \"localhost:6379\", allowed is redis://"),
            ("", "`url` is \"\", allowed is redis://"),
            ("http://h", "`scheme` is \"http\", allowed is redis or valkey"),
            ("rediss://h", "`scheme` is \"rediss\", allowed is redis or valkey, with a connector"),
            ("redis://", "`host` is \"\", allowed is a name"),
            ("redis://:6379", "`host` is \":6379\", "),
            ("redis://a b", "`host` is \"a b\", "),
            ("redis://::1:6379", "`host` is \"::1:6379\", "),
            ("redis://[::1", "`host` is \"[::1\", "),
            ("redis://[::1]6379", "`host` is \"[::1]6379\", "),
            ("redis://h:", "`port` is \"\", allowed is 1 to 65535"),
            ("redis://h:0", "`port` is \"0\", "),
            ("redis://h:65536", "`port` is \"65536\", "),
            ("redis://h:+1", "`port` is \"+1\", "),
            ("redis://h/x", "`database` is \"x\", allowed is a number"),
            ("redis://h/-1", "`database` is \"-1\", "),
            ("redis://h/1/2", "`database` is \"1/2\", "),
            ("redis://h/4294967296", "`database` is \"4294967296\", "),
            ("redis://h?timeout=1", "`query` is \"timeout\", allowed is none"),
            ("redis://%zz:p@h", "`user` is \"%zz\", allowed is UTF-8"),
            ("redis://user@h", "`password` is missing, allowed is one for the user"),
        ] {
            let seen = refused(url);
            assert!(seen.starts_with(told), "{url}: {seen}");
        }
    }

    #[test]
    fn no_refusal_shows_a_password() {
        for url in [
            "user:secret@host:6379",
            "http://user:secret@h",
            "redis://user:secret@h:x",
            "redis://user:secret@h/x",
            "redis://user:secret@",
            "redis://user:sec/secret@h",
            "redis://user:%zzsecret@h",
            "redis://user:%ffsecret@h",
            "redis://user:secret?@h",
            "redis://h?password=secret",
            "redis://secret@h",
        ] {
            let seen = refused(url);
            assert!(!seen.contains("secret"), "{url}: {seen}");
        }
        let endpoint = parsed("redis://user:secret@h");
        assert!(!format!("{endpoint:?}").contains("secret"));
    }
}
