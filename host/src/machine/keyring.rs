//! The keyring of the person who is logged in, where the host is built with it: the Secret Service of a desktop, the
//! Keychain, the Credential Manager.

use crate::error::{Error, Result};

/// What is kept for a user of a service.
#[cfg(not(feature = "keyring"))]
pub(super) fn value(service: &str, user: &str) -> Result<String> {
    Err(Error::usage("this host is built without keyrings").hint(format!(
        "build it with `--features keyring`, or write \
         `from = {{ command = [\"secret-tool\", \"lookup\", \"service\", \"{service}\", \"username\", \"{user}\"] }}`"
    )))
}

#[cfg(feature = "keyring")]
pub(super) use with::value;

#[cfg(feature = "keyring")]
mod with {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::{Error, Result};

    /// How long it may take: a keyring may have to ask a person for its password.
    const PATIENCE: Duration = Duration::from_mins(2);

    /// What is kept for a user of a service.
    pub(in super::super) fn value(service: &str, user: &str) -> Result<String> {
        let (sender, found) = mpsc::channel();
        let (of, whose) = (service.to_owned(), user.to_owned());
        // It speaks to another process, and waits as long as that one likes.
        std::thread::spawn(move || sender.send(look_up(&of, &whose)));
        let late = || Error::usage(format!("the keyring did not answer within {} s", PATIENCE.as_secs()));
        found.recv_timeout(PATIENCE).map_err(|_| late())?
    }

    /// In words of the system, none of which is a value.
    fn failed(why: &keyring::Error, service: &str, user: &str) -> Error {
        match why {
            keyring::Error::NoEntry => Error::usage(format!("the keyring has nothing for `{user}` at `{service}`"))
                .hint(format!(
                    "`secret-tool store --label={service} service {service} username {user}` keeps it on Linux"
                )),
            keyring::Error::Ambiguous(_) => {
                Error::usage(format!("the keyring has several values for `{user}` at `{service}`"))
            }
            keyring::Error::NoStorageAccess(why) | keyring::Error::PlatformFailure(why) => {
                Error::usage(format!("the keyring cannot be asked: {why}"))
            }
            _ => Error::usage("the keyring cannot be asked"),
        }
    }

    fn look_up(service: &str, user: &str) -> Result<String> {
        let status = keyring::Entry::store_status().as_ref();
        status.map_err(|why| failed(why, service, user))?;
        let found = keyring::Entry::new(service, user).and_then(|entry| entry.get_password());
        found.map_err(|why| failed(&why, service, user))
    }
}
