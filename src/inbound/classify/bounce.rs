//! `[pure]` Delivery status notifications by content type (RFC 3464, RFC 6522). (The non-standard ones come later.)

use crate::domain::delivery::Status;
use crate::domain::inbound::ParsedMail;

/// What a report says of one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Our word for it; `None` for a delay, which is no end.
    pub status: Option<Status>,
    /// Enhanced status code, `5.1.1`.
    pub code: String,
}

/// Why this is a report; `None` if it is none.
pub fn is_report(mail: &ParsedMail) -> Option<&'static str> {
    if mail.content_type == "multipart/report" && mail.report_type.as_deref().is_none_or(|kind| kind == "delivery-status") {
        return Some("multipart/report of a delivery status");
    }
    (mail.delivery_status.is_some() && mail.return_path.as_deref() == Some("")).then_some("a delivery status from the null sender")
}

/// Reads the per-recipient fields: Action and Status (RFC 3464 section 2.3).
pub fn read(mail: &ParsedMail) -> Option<Report> {
    let text = mail.delivery_status.as_deref()?;
    let field = |name: &str| {
        text.lines().find_map(|line| line.split_once(':').filter(|(key, _)| key.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned()))
    };
    let code = field("Status").unwrap_or_default().split_whitespace().next().unwrap_or_default().to_owned();
    let status = match field("Action").unwrap_or_default().to_ascii_lowercase().as_str() {
        "failed" => Some(failure(&code)),
        "delivered" | "relayed" | "expanded" => Some(Status::Delivered),
        _ => None,
    };
    Some(Report { status, code })
}

fn failure(code: &str) -> Status {
    // 5.7 is policy: never held against the person. 5.2.2 is a full mailbox.
    if code.starts_with("5.7") {
        Status::TechnicalFailure
    } else if code.starts_with("5.1") || code == "5.2.1" || code == "5.0.0" {
        Status::PermanentFailure
    } else {
        Status::TemporaryFailure
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dsn(action: &str, status: &str) -> ParsedMail {
        ParsedMail {
            content_type: "multipart/report".into(),
            report_type: Some("delivery-status".into()),
            delivery_status: Some(format!("Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; a@b.c\nAction: {action}\nStatus: {status}\n")),
            ..ParsedMail::default()
        }
    }

    #[test]
    fn each_action_has_its_meaning() {
        for (action, code, status) in [
            ("failed", "5.1.1", Some(Status::PermanentFailure)),
            ("failed", "5.2.2", Some(Status::TemporaryFailure)),
            ("failed", "5.7.1", Some(Status::TechnicalFailure)),
            ("delayed", "4.4.1", None),
            ("delivered", "2.0.0", Some(Status::Delivered)),
        ] {
            let mail = dsn(action, code);
            assert!(is_report(&mail).is_some());
            assert_eq!(read(&mail).unwrap().status, status, "{action} {code}");
        }
    }

    #[test]
    fn a_read_receipt_is_not_a_bounce() {
        let mail = ParsedMail { report_type: Some("disposition-notification".into()), ..dsn("failed", "5.1.1") };
        assert!(is_report(&mail).is_none());
    }
}
