//! A secret as a call holds it: where it goes, in which header, and what nobody inside is shown.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::http::take_out;
use crate::origin::Origin;
use crate::permission::{HttpOrigin, HttpTarget};
use crate::secret::SecretValue;

/// A secret that the host adds to requests to one origin. `Debug` does not show its value.
#[derive(Clone, Debug)]
pub struct BoundSecret {
    /// Its name.
    pub name: String,
    /// Where it goes.
    pub to: HttpOrigin,
    /// The header that carries it.
    pub header: HeaderName,
    /// What stands in the header, `{}` in the place of the value.
    pub form: String,
    /// All that stands in the header, the value in its place; marked so that nothing below shows it.
    value: HeaderValue,
    /// The line that grants it.
    pub origin: Origin,
}

impl BoundSecret {
    /// Puts a value in the place of `{}`. None where no header can carry the whole.
    pub fn new(
        name: &str,
        to: &HttpOrigin,
        (header, form): (&HeaderName, &str),
        value: &SecretValue,
        origin: &Origin,
    ) -> Option<Self> {
        let mut whole = HeaderValue::try_from(form.replacen("{}", value.expose(), 1)).ok()?;
        whole.set_sensitive(true);
        let (name, to, header, origin) = (name.to_owned(), to.clone(), header.clone(), origin.clone());
        Some(Self { name, to, header, form: form.to_owned(), value: whole, origin })
    }

    /// Puts it in the headers of a request, in the place of what stands there, where the request goes to its origin;
    /// says whether it does.
    pub fn put_on(&self, target: &HttpTarget, headers: &mut HeaderMap) -> bool {
        let is_for = self.to.holds(target);
        if is_for {
            take_out(headers, self.header.as_str());
            headers.insert(self.header.clone(), self.value.clone());
        }
        is_for
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_to_its_origin_alone_and_takes_the_place_of_what_stood_there() {
        let value = SecretValue::new("tok-12345").expect("is a value");
        let to = HttpOrigin::parse("https://a.example").expect("is an origin");
        let header = HeaderName::from_static("x-api-key");
        let secret = BoundSecret::new("s", &to, (&header, "Key {}"), &value, &Origin::Program).expect("is fit");
        assert!(!format!("{secret:?}").contains("tok-12345"), "{secret:?}");
        let sent = |url: &str| {
            let mut headers = HeaderMap::new();
            headers.append("x-api-key", HeaderValue::from_static("mine"));
            headers.append("x-api-key", HeaderValue::from_static("mine too"));
            headers.append("x_api_key", HeaderValue::from_static("and mine"));
            secret.put_on(&HttpTarget::parse("GET", url).expect("is a URL"), &mut headers);
            headers.values().map(|value| value.to_str().expect("is text").to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(sent("https://a.example/x"), ["Key tok-12345"]);
        assert_eq!(sent("https://b.example/x"), ["mine", "mine too", "and mine"]);
    }
}
