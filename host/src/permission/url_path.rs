//! Globs over the paths of URLs, which servers decode in ways of their own.

use super::pattern::PathGlob;

/// Which paths of a host something is about.
#[derive(Clone, Debug)]
pub(super) enum PathPattern {
    Any,
    Root,
    Glob(PathGlob),
    /// This one, as it is sent.
    Exactly(String),
}

impl PathPattern {
    /// Reads what stands behind the host. The error is a clause.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.contains(['?', '#']) {
            return Err("a query is no part of it; `when` reads arguments as texts".to_owned());
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("its path has characters that a URL writes as `%` and two digits".to_owned());
        }
        match text {
            "/" => Ok(PathPattern::Root),
            "/**" => Ok(PathPattern::Any),
            _ => PathGlob::parse(&text[1..]).map(PathPattern::Glob).map_err(|error| error.message().to_owned()),
        }
    }

    /// Whether the path of a URL, as it is sent, is one of these.
    pub(super) fn matches(&self, path: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Root => path == "/",
            // What some server takes for a way up is about no place but «everywhere».
            Self::Glob(_) if climbs(path) => false,
            Self::Glob(glob) => glob.matches(path.strip_prefix('/').unwrap_or(path)),
            Self::Exactly(exact) => path == exact,
        }
    }

    /// The same for who restricts: in any case, decoded or not, and wherever a server may be led by a way up.
    pub(super) fn may_match(&self, path: &str) -> bool {
        let is_one = |path: &str| match self {
            Self::Any => true,
            Self::Root => path == "/",
            Self::Glob(glob) => glob.matches_folded(path.strip_prefix('/').unwrap_or(path)),
            Self::Exactly(exact) => path.eq_ignore_ascii_case(exact),
        };
        readings(path).iter().any(|path| is_one(path)) || climbs(path)
    }

    /// The path of a URL, as it is sent.
    pub(super) fn exactly(path: &str) -> Self {
        if path == "/" { Self::Root } else { Self::Exactly(path.to_owned()) }
    }

    /// As it is written.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Any => "/**".to_owned(),
            Self::Root => "/".to_owned(),
            Self::Glob(glob) => format!("/{}", glob.as_str()),
            Self::Exactly(path) => escaped(path),
        }
    }
}

/// A path as the glob that is about it alone.
fn escaped(path: &str) -> String {
    let mut glob = String::with_capacity(path.len());
    for character in path.chars() {
        if matches!(character, '*' | '?' | '[' | ']' | '{' | '}' | '\\') {
            glob.push('\\');
        }
        glob.push(character);
    }
    glob
}

/// Whether a path has a way up once it is decoded, as some server may do, and another time behind a proxy.
fn climbs(path: &str) -> bool {
    decodings(path).iter().any(|text| text.split(['/', '\\']).any(|part| name(part) == ".."))
}

/// What some server may take a path for: decoded or not, and without what it may leave out.
fn readings(path: &str) -> Vec<String> {
    let mut readings = decodings(path);
    for text in readings.clone() {
        let names = text.split(['/', '\\']).map(name).filter(|name| !matches!(*name, "" | "."));
        let plain: String = names.flat_map(|name| ["/", name]).collect();
        readings.extend([format!("{plain}/"), plain]);
    }
    readings
}

/// A path as it is, and each time it is decoded once more.
fn decodings(path: &str) -> Vec<String> {
    let mut all = vec![path.to_owned()];
    for _ in 0..3 {
        let Some(next) = all.last().map(|text| decoded(text)).filter(|next| all.last() != Some(next)) else { break };
        all.push(next);
    }
    all
}

/// A part of a path without what some servers leave out: what stands behind `;`, and blanks.
fn name(part: &str) -> &str {
    part.split(';').next().unwrap_or_default().trim_matches(|c: char| c <= ' ')
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let digit = |at: usize| behind.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        rest = if let (b'%', Some(high), Some(low)) = (first, digit(0), digit(1)) {
            bytes.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
            &behind[2..]
        } else {
            bytes.push(*first);
            behind
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
