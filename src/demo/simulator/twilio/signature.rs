//! `X-Twilio-Signature`: HMAC-SHA1, in base64, of the URL followed by each form key and value, sorted.
//!
//! Owns: the signature alone. Must not: send anything.
//! Data: the account's secret, URL and form fields in; the header's value out.
//! Source: Twilio, "Validating signatures from Twilio".

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// Signs a form POST. The URL is signed without its fragment, as it is called without one.
pub(crate) fn sign(token: &str, url: &str, fields: &[(&str, String)]) -> String {
    let mut sorted: Vec<_> = fields.iter().collect();
    sorted.sort();
    sorted.dedup();
    let url = url.split_once('#').map_or(url, |(before, _)| before);
    let mut signed = url.to_owned();
    for (key, value) in sorted {
        signed.push_str(key);
        signed.push_str(value);
    }
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(token.as_bytes()) else {
        return String::new();
    };
    mac.update(signed.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::sign;

    #[test]
    fn signs_as_the_provider_documents() {
        let fields = [("CallSid", "CA1234567890ABCDE"), ("Digits", "1234"), ("From", "+14158675309"), ("To", "+18005551212"), ("Caller", "+14158675309")]
            .map(|(key, value)| (key, value.to_owned()));
        assert_eq!(sign("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", &fields), "RSOYDt4T1cUTdK1PDd93/VVr8B8=");
    }
}
