//! Pages of metrics that are none.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use seats::{Page, PageError};

#[test]
fn a_page_is_read() {
    let page =
        Page::parse("# HELP a_total A.\n# TYPE a_total counter\na_total{b=\"c d\"} 3\ne 1\n");
    let page = page.unwrap();
    page.has("a_total{b=\"c d\"}", 3.0).unwrap();
    page.has("e", 0.0).unwrap();
    assert!(matches!(page.has("e", 2.0), Err(PageError::Series { value: Some(_), .. })));
    assert!(matches!(page.has("f", 0.0), Err(PageError::Series { value: None, .. })));
}

#[test]
fn what_is_no_page_is_refused() {
    for text in ["<html>", "a", "a b", "a{b 1", " 1", "a 1\na 2", "a-b 1"] {
        assert!(matches!(Page::parse(text), Err(PageError::Line(_))), "{text}");
    }
}
