//! Where a redirect leads.

/// The parts of an absolute URL: its origin, and its path without query.
fn parts(url: &str) -> Option<(&str, &str)> {
    let scheme = url.find("://")?;
    let rest = &url[scheme + 3..];
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let path = &rest[end..];
    Some((&url[..scheme + 3 + end], path.split(['?', '#']).next().unwrap_or_default()))
}

/// Scheme, host and port of an absolute URL, in one case.
pub(crate) fn origin(url: &str) -> Option<String> {
    parts(url).map(|(origin, _)| origin.to_ascii_lowercase())
}

/// What `location` means, seen from the page that names it.
pub(crate) fn resolve(base: &str, location: &str) -> Option<String> {
    let (origin, path) = parts(base)?;
    let scheme = base.split("://").next()?;
    Some(match location {
        absolute if parts(absolute).is_some() => absolute.to_owned(),
        other if other.starts_with("//") => format!("{scheme}:{other}"),
        rooted if rooted.starts_with('/') => format!("{origin}{rooted}"),
        query if query.starts_with('?') => format!("{origin}{path}{query}"),
        relative => {
            let directory = path.rfind('/').map_or("/", |end| &path[..=end]);
            format!("{origin}{directory}{relative}")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_resolved_against_the_page() {
        for (location, expected) in [
            ("https://b.example/x", "https://b.example/x"),
            ("//b.example/x", "https://b.example/x"),
            ("/x?y", "https://a.example:8/x?y"),
            ("x", "https://a.example:8/p/x"),
            ("?z", "https://a.example:8/p/q?z"),
        ] {
            assert_eq!(resolve("https://a.example:8/p/q?r#s", location).as_deref(), Some(expected), "{location}");
        }
        assert_eq!(resolve("https://a.example", "x").as_deref(), Some("https://a.example/x"));
        assert_eq!(origin("HTTPS://A.example:8/p").as_deref(), Some("https://a.example:8"));
        assert_eq!(origin("a.example"), None);
    }
}
