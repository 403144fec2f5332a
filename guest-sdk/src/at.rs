//! How errors of the file system become failures that name the path.
//!
//! Separate from `failure` because it is the one place that knows the kinds of `std::io`.

use std::borrow::Borrow;
use std::io;
use std::path::Path;

use crate::failure::{Failure, FailureKind};

impl Failure {
    /// A failure about a path, from what the file system said.
    ///
    /// ```
    /// use std::io;
    /// use looplet_guest::{Failure, FailureKind};
    ///
    /// let failure = Failure::from_io(&io::ErrorKind::NotFound.into(), "a/b.txt");
    /// assert_eq!(failure, Failure::not_found("`a/b.txt` does not exist"));
    /// ```
    pub fn from_io(error: &io::Error, path: impl AsRef<Path>) -> Self {
        let path = path.as_ref().display();
        let (kind, what) = describe(error);
        Self::new(kind, format!("`{path}`{what}"))
    }
}

/// The kind of an error, and what stands behind the path in a message.
fn describe(error: &io::Error) -> (FailureKind, String) {
    use io::ErrorKind as Io;
    let (kind, what) = match error.kind() {
        Io::NotFound => (FailureKind::NotFound, " does not exist"),
        _ if is_outside(error) => (FailureKind::PermissionDenied, " is outside of what this call can reach"),
        Io::PermissionDenied => (FailureKind::PermissionDenied, " is not open to this call"),
        Io::ReadOnlyFilesystem => (FailureKind::PermissionDenied, " is read-only"),
        Io::AlreadyExists => (FailureKind::Validation, " exists already"),
        Io::IsADirectory => (FailureKind::Validation, " is a directory"),
        Io::NotADirectory => (FailureKind::Validation, " is below something that is no directory"),
        Io::DirectoryNotEmpty => (FailureKind::Validation, " is a directory that is not empty"),
        Io::InvalidFilename | Io::InvalidInput => (FailureKind::Validation, " is no usable path"),
        Io::InvalidData => (FailureKind::Validation, " is not UTF-8 text"),
        Io::TimedOut => (FailureKind::Timeout, " took too long"),
        Io::StorageFull | Io::QuotaExceeded => (FailureKind::Execution, " has no room left"),
        Io::FileTooLarge => (FailureKind::Execution, " is too large"),
        _ => return (FailureKind::Execution, format!(": {error}")),
    };
    (kind, what.to_owned())
}

/// Whether WASI said that no mount holds the path, which the standard library has no word for.
fn is_outside(error: &io::Error) -> bool {
    const NOT_CAPABLE: i32 = 76;
    cfg!(target_arch = "wasm32") && error.raw_os_error() == Some(NOT_CAPABLE)
}

/// For `?` on errors that belong to no path; where there is one, use [`At::at`].
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let (kind, _) = describe(&error);
        Self::new(kind, error.to_string())
    }
}

/// Puts a path to an error of the file system: [`Failure::from_io`] at the end of a call.
///
/// ```
/// use looplet_guest::prelude::*;
///
/// let failure = std::fs::read("no/such").at("no/such").unwrap_err();
/// assert_eq!(failure, Failure::not_found("`no/such` does not exist"));
/// ```
pub trait At<T> {
    /// The value, or a failure of the fitting kind that names the path.
    fn at(self, path: impl AsRef<Path>) -> Result<T, Failure>;
}

impl<T, E: Borrow<io::Error>> At<T> for Result<T, E> {
    fn at(self, path: impl AsRef<Path>) -> Result<T, Failure> {
        self.map_err(|error| Failure::from_io(error.borrow(), path))
    }
}

/// Says what is missing: for an `Option`, and for what the file system said.
///
/// ```
/// use looplet_guest::prelude::*;
///
/// let users = ["ada", "grace"];
/// let found = users.iter().find(|user| **user == "alan").or_not_found("alan");
/// assert_eq!(found, Err(Failure::not_found("`alan` does not exist")));
/// ```
pub trait OrNotFound<T> {
    /// The value, or a failure that names what was looked for. An error of the file system that says
    /// something else than «not found» keeps its kind.
    fn or_not_found(self, name: impl AsRef<Path>) -> Result<T, Failure>;
}

impl<T> OrNotFound<T> for Option<T> {
    fn or_not_found(self, name: impl AsRef<Path>) -> Result<T, Failure> {
        self.ok_or_else(|| Failure::not_found(format!("`{}` does not exist", name.as_ref().display())))
    }
}

impl<T> OrNotFound<T> for io::Result<T> {
    fn or_not_found(self, name: impl AsRef<Path>) -> Result<T, Failure> {
        self.at(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(kind: io::ErrorKind) -> (FailureKind, String) {
        let failure = Failure::from_io(&kind.into(), "a");
        (failure.kind(), failure.to_string())
    }

    #[test]
    fn errors_of_the_file_system_keep_their_kind_and_name_the_path() {
        use FailureKind as Kind;
        let cases = [
            (io::ErrorKind::NotFound, Kind::NotFound, "`a` does not exist"),
            (io::ErrorKind::PermissionDenied, Kind::PermissionDenied, "`a` is not open to this call"),
            (io::ErrorKind::ReadOnlyFilesystem, Kind::PermissionDenied, "`a` is read-only"),
            (io::ErrorKind::IsADirectory, Kind::Validation, "`a` is a directory"),
            (io::ErrorKind::InvalidData, Kind::Validation, "`a` is not UTF-8 text"),
            (io::ErrorKind::TimedOut, Kind::Timeout, "`a` took too long"),
            (io::ErrorKind::StorageFull, Kind::Execution, "`a` has no room left"),
            (io::ErrorKind::BrokenPipe, Kind::Execution, "`a`: broken pipe"),
        ];
        for (from, kind, message) in cases {
            assert_eq!(said(from), (kind, message.to_owned()));
        }
    }
}
