//! `[pure]` What Amazon SNS wraps a message in, and whether it is SNS's.
//!
//! Sources: AWS's pages "Parsing message formats" and "Verifying the signatures of Amazon SNS messages" (Amazon SNS developer guide).
//!
//! # What a message from SNS is believed on
//! SNS signs with a key whose certificate it names by address. That file holds the certificate alone, without the chain to a
//! root, so nothing here proves who issued it. Trust rests on four things together: the address is https on a host that only
//! SNS answers at ([`is_sns_host`]), so that TLS and its roots vouch for who handed the file over; the certificate is valid now;
//! it is made out to SNS ([`is_sns_name`]); and the signature is its key's. As SNS signs for every topic of every customer,
//! `topic_arns` then says whose messages are ours. Raw message delivery leaves the signature out and is refused.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::signature::{RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::Deserialize;
use url::Url;
use x509_cert::Certificate;
use x509_cert::der::asn1::{PrintableStringRef, Utf8StringRef};
use x509_cert::der::{Decode, oid::ObjectIdentifier};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use crate::channels::VerifyError;
use crate::domain::At;

/// SNS tries again for up to an hour ("Creating an HTTP/S delivery policy"), with the time of the first try.
const OLDEST_MS: i64 = 3_600_000;
/// How far its clock may be ahead of ours.
const AHEAD_MS: i64 = 300_000;
/// The common name of a certificate's subject (RFC 5280, appendix A).
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// What SNS posts.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Envelope {
    #[serde(rename = "Type")]
    pub(super) kind: String,
    pub(super) message_id: String,
    pub(super) topic_arn: String,
    message: String,
    timestamp: String,
    subject: Option<String>,
    token: Option<String>,
    #[serde(rename = "SubscribeURL")]
    pub(super) subscribe_url: Option<String>,
    signature_version: Option<String>,
    pub(super) signature: Option<String>,
    #[serde(rename = "SigningCertURL")]
    signing_cert_url: Option<String>,
}

impl Envelope {
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body).ok()
    }

    /// Names and values by line, names in alphabetical order, a subject only where there is one.
    fn signed(&self) -> Option<String> {
        let (message, id, timestamp, topic, kind) = (
            ("Message", self.message.as_str()),
            ("MessageId", self.message_id.as_str()),
            ("Timestamp", self.timestamp.as_str()),
            ("TopicArn", self.topic_arn.as_str()),
            ("Type", self.kind.as_str()),
        );
        let lines = match self.kind.as_str() {
            "Notification" => match self.subject.as_deref() {
                Some(subject) => vec![message, id, ("Subject", subject), timestamp, topic, kind],
                None => vec![message, id, timestamp, topic, kind],
            },
            "SubscriptionConfirmation" | "UnsubscribeConfirmation" => {
                vec![message, id, ("SubscribeURL", self.subscribe_url.as_deref()?), timestamp, ("Token", self.token.as_deref()?), topic, kind]
            }
            _ => return None,
        };
        Some(lines.into_iter().map(|(name, value)| format!("{name}\n{value}\n")).collect())
    }

    /// The certificate's address, if it is SNS's own.
    pub(super) fn certificate(&self) -> Option<Url> {
        // SNS's API answers at the same host: only a file of it, never an answer that a query asked for.
        sns_url(self.signing_cert_url.as_deref()?).filter(|url| url.path().strip_suffix(".pem").is_some() && url.query().is_none() && url.fragment().is_none())
    }

    pub(super) fn signature_holds(&self, key: &[u8]) -> Option<()> {
        let signature = BASE64.decode(self.signature.as_deref()?).ok()?;
        let algorithm = match self.signature_version.as_deref()? {
            // What SNS uses unless the topic is set otherwise.
            "1" => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            "2" => &RSA_PKCS1_2048_8192_SHA256,
            _ => return None,
        };
        UnparsedPublicKey::new(algorithm, key).verify(self.signed()?.as_bytes(), &signature).ok()
    }

    pub(super) fn is_of_now(&self, now: At) -> bool {
        chrono::DateTime::parse_from_rfc3339(&self.timestamp).is_ok_and(|sent| (-AHEAD_MS..=OLDEST_MS).contains(&now.since_ms(At::from(sent.to_utc()))))
    }

    /// What End User Messaging put into a notification.
    pub(super) fn said(&self) -> Option<serde_json::Value> {
        serde_json::from_str(&self.message).ok().filter(|_| self.kind == "Notification")
    }
}

/// An address on one of SNS's own hosts, without user or port. What this does not let through is never fetched.
pub(super) fn sns_url(address: &str) -> Option<Url> {
    let url = Url::parse(address).ok()?;
    let plain = url.scheme() == "https" && url.username().is_empty() && url.password().is_none() && url.port().is_none();
    (plain && url.host_str().is_some_and(is_sns_host)).then_some(url)
}

/// `sns.REGION.amazonaws.com`, in China with `.cn` behind it.
fn is_sns_host(host: &str) -> bool {
    let own = host.strip_suffix(".cn").unwrap_or(host).strip_suffix(".amazonaws.com");
    own.and_then(|own| own.strip_prefix("sns.")).is_some_and(|region| region.len() >= 3 && is_label(region))
}

/// Whom SNS's certificates are made out to: `sns.amazonaws.com`, in some regions `sns-REGION`, `sns.REGION`, `sns-signing.REGION`.
fn is_sns_name(name: &str) -> bool {
    let Some(own) = name.strip_suffix(".cn").unwrap_or(name).strip_suffix(".amazonaws.com") else { return false };
    let (service, region) = own.split_once('.').map_or((own, None), |(service, region)| (service, Some(region)));
    // Every region has a hyphen in its name; other services' names, such as S3's, have none.
    (service == "sns" || service.starts_with("sns-")) && is_label(service) && region.is_none_or(|region| is_label(region) && region.contains('-'))
}

fn is_label(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// The key (PKCS #1) of a certificate in PEM that is valid now and SNS's, or anybody's where something stands in for SNS.
pub(super) fn public_key(pem: &[u8], now: At, any_name: bool) -> Result<Vec<u8>, VerifyError> {
    // Not a certificate at all: something on the way answered in SNS's place, and may not the next time.
    let der = CertificateDer::from_pem_slice(pem).map_err(|_| VerifyError::NoCertificate)?;
    let certificate = Certificate::from_der(&der).map_err(|_| VerifyError::NoCertificate)?.tbs_certificate;
    let now_ms = u128::try_from(now.unix_ms()).unwrap_or(0);
    let validity = &certificate.validity;
    if !(validity.not_before.to_unix_duration().as_millis()..=validity.not_after.to_unix_duration().as_millis()).contains(&now_ms) {
        return Err(VerifyError::Wrong);
    }
    let other_names = certificate.get::<SubjectAltName>().ok().flatten().map(|(_, names)| names.0).unwrap_or_default();
    let named = other_names.iter().any(|name| matches!(name, GeneralName::DnsName(name) if is_sns_name(name.as_str())));
    let subject = certificate.subject.0.iter().flat_map(|part| part.0.iter()).filter(|part| part.oid == COMMON_NAME);
    let in_subject = subject.into_iter().any(|part| {
        let utf8 = part.value.decode_as::<Utf8StringRef<'_>>().map(|name| is_sns_name(name.as_str()));
        utf8.or_else(|_| part.value.decode_as::<PrintableStringRef<'_>>().map(|name| is_sns_name(name.as_str()))).unwrap_or(false)
    });
    if !(any_name || named || in_subject) {
        return Err(VerifyError::Wrong);
    }
    Ok(certificate.subject_public_key_info.subject_public_key.raw_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEM: &[u8] = include_bytes!("../../../../fixtures/providers/aws/sns.pem");

    #[test]
    fn certificates_hold_from_their_first_second_to_their_last() {
        let at = |time: &str| public_key(PEM, At::from(time.parse::<chrono::DateTime<chrono::Utc>>().unwrap()), false);
        assert_eq!(at("2025-12-31T23:59:59.999Z"), Err(VerifyError::Wrong));
        assert!(at("2026-01-01T00:00:00Z").is_ok());
        assert!(at("2027-12-31T00:00:00Z").is_ok());
        assert_eq!(at("2027-12-31T00:00:00.001Z"), Err(VerifyError::Wrong));
        assert_eq!(public_key(b"", At::from_unix_ms(0), false), Err(VerifyError::NoCertificate));
        assert_eq!(public_key(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", At::from_unix_ms(0), false), Err(VerifyError::NoCertificate));
    }

    #[test]
    fn the_names_of_snss_certificates_are_known_and_their_neighbours_are_not() {
        for name in [
            "sns.amazonaws.com",
            "sns.eu-west-2.amazonaws.com",
            "sns-signing.af-south-1.amazonaws.com",
            "sns-us-gov-west-1.amazonaws.com",
            "sns-cn-north-1.amazonaws.com.cn",
        ] {
            assert!(is_sns_name(name), "{name}");
        }
        for name in [
            "amazonaws.com",
            "snsx.amazonaws.com",
            "x.sns.amazonaws.com",
            "sns-bucket.s3.amazonaws.com",
            "sns.eu-west-2.elb.amazonaws.com",
            "sns.amazonaws.com.example.net",
            "*.amazonaws.com",
            "sns-*.amazonaws.com",
            "sns.amazonaws.org",
            "",
        ] {
            assert!(!is_sns_name(name), "{name}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_damaged_certificate_is_no_reason_to_panic(at in 0_usize..2_000, byte in 0_u8..=255) {
            let mut pem = PEM.to_vec();
            let length = pem.len();
            pem[at % length] = byte;
            let _any = public_key(&pem, At::from_unix_ms(1_795_348_770_123), false);
        }
    }
}
