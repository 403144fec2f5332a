//! A secret that the embedding program gives to tools.

use http::HeaderName;

use super::name::check_name;
use super::secrets::{FORM, HEADER, SecretSettings, SecretSource, check_form, check_header, check_origin};
use crate::error::{Error, Result};
use crate::origin::Origin;
use crate::permission::HttpOrigin;
use crate::secret::SecretValue;

/// A value that the host adds to requests of tools to one origin, and that no tool and no model sees.
///
/// Which tools have it is for grants to say: `.grant("http/fetch:secret.NAME")`. It is kept out of all runs of the
/// host, whether granted or not. What a file defines under the same name is replaced.
///
/// ```
/// use looplet_host::Secret;
///
/// # fn main() -> looplet_host::Result<()> {
/// let search = Secret::new("search", "k-0123456789", "https://api.search.example")?.header("x-api-key", "{}")?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct GivenSecret {
    name: String,
    value: SecretValue,
    to: HttpOrigin,
    header: HeaderName,
    form: String,
}

impl GivenSecret {
    /// A secret that goes to this origin as `authorization: Bearer VALUE`.
    ///
    /// # Errors
    /// A name that is none, a value that no header carries or that could not be told from other text (8 to 4,096
    /// printable ASCII characters), an origin that is none or where everybody could read it.
    pub fn new(name: impl Into<String>, value: impl AsRef<str>, to: impl AsRef<str>) -> Result<Self> {
        let name = name.into();
        check_name(&name).map_err(|error| error.at(Origin::Program))?;
        let value = SecretValue::new(value.as_ref())
            .map_err(|why| Error::usage(format!("the secret `{name}` cannot be used: {why}")))?;
        let to = HttpOrigin::parse(to.as_ref())?;
        check_origin(&name, &to)?;
        let header = check_header(&name, HEADER)?;
        Ok(Self { name, value, to, header, form: FORM.to_owned() })
    }

    /// Has it stand in another header; `{}` in the form is the secret.
    ///
    /// # Errors
    /// A header that cannot carry it, a form without one place for it.
    pub fn header(mut self, name: impl AsRef<str>, form: impl Into<String>) -> Result<Self> {
        self.header = check_header(&self.name, name.as_ref())?;
        self.form = form.into();
        check_form(&self.name, &self.form)?;
        Ok(self)
    }

    /// As the settings have it.
    pub(super) fn settings(self) -> (String, SecretSettings) {
        let Self { name, value, to, header, form } = self;
        let (from, origin) = (SecretSource::Program, Origin::Program);
        (name, SecretSettings { from, to, header, form, known_only: false, value: Some(value), origin })
    }
}
