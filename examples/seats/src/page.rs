use std::collections::BTreeMap;
use std::io;

use futures_util::{AsyncReadExt, AsyncWriteExt};
use neutral_client::Connect;
use thiserror::Error;

/// A page of metrics, as Prometheus reads it.
#[derive(Clone, Debug)]
pub struct Page(BTreeMap<String, f64>);

/// Why there is no page.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PageError {
    /// It could not be had.
    #[error("the page of metrics could not be had: {0}")]
    Io(#[from] io::Error),
    /// It was answered with something else.
    #[error("instead of a page of metrics there is {0:?}")]
    Answer(String),
    /// A line of it is not a number of a series.
    #[error("on the page of metrics is {0:?}")]
    Line(String),
    /// A series is not there, or not what it must be.
    #[error("`{series}` is {value:?}, it must be {least} or more")]
    Series {
        /// Which.
        series: &'static str,
        /// What it is.
        value: Option<f64>,
        /// What it must be.
        least: f64,
    },
}

impl Page {
    /// Asks a service for it.
    ///
    /// # Errors
    ///
    /// [`PageError`] if it could not be had, or not be read.
    pub async fn fetch<C: Connect>(connector: &C) -> Result<Self, PageError> {
        let mut io = connector.connect().await?;
        let request = b"GET /metrics HTTP/1.1\r\nhost: seats\r\nconnection: close\r\n\r\n";
        io.write_all(request).await?;
        io.flush().await?;
        let mut answer = String::new();
        io.read_to_string(&mut answer).await?;
        match answer.split_once("\r\n\r\n") {
            Some((head, text)) if head.starts_with("HTTP/1.1 200") => Self::parse(text),
            _ => Err(PageError::Answer(answer)),
        }
    }

    /// Reads its text.
    ///
    /// # Errors
    ///
    /// [`PageError::Line`] with the first line that is none, or that is there twice.
    pub fn parse(text: &str) -> Result<Self, PageError> {
        let mut series = BTreeMap::new();
        for line in text.lines().filter(|line| !line.starts_with("# ")) {
            let number = line.rsplit_once(' ').and_then(|(name, number)| {
                let number = number.parse::<f64>().ok()?;
                Some((name.to_owned(), number)).filter(|(name, _)| is_series(name))
            });
            let (name, number) = number.ok_or_else(|| PageError::Line(line.to_owned()))?;
            if series.insert(name, number).is_some() {
                return Err(PageError::Line(line.to_owned()));
            }
        }
        Ok(Self(series))
    }

    /// Looks whether a series is there, with at least this value.
    ///
    /// # Errors
    ///
    /// [`PageError::Series`] if not.
    pub fn has(&self, series: &'static str, least: f64) -> Result<(), PageError> {
        match self.0.get(series).copied() {
            Some(value) if value >= least => Ok(()),
            value => Err(PageError::Series { series, value, least }),
        }
    }
}

/// `name`, or `name{labels}`.
fn is_series(text: &str) -> bool {
    let (name, labels) = text.split_once('{').unwrap_or((text, "}"));
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && labels.ends_with('}')
}
