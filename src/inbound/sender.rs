//! `[pure]` Whether a mail is from whom it says: decides what it may change, never whether it is heard (email.md R14).
//!
//! Words are always taken in. Only a change of state, such as an opt-out, wants a confirmed sender; without one the answer is
//! a link to the registered address.

use crate::domain::proof::{Finding, Outcome, Signature, is_aligned};

crate::words! {
    /// How far a sender is who they say they are.
    Trust {
        /// The domain of the address answers for the mail.
        Confirmed = "confirmed",
        /// Nothing proves it, nothing speaks against it.
        Unknown = "unknown",
        /// Our mail server says that the domain disowns it.
        Refused = "refused",
    }
}

/// How far, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SenderCheck {
    /// How far.
    pub trust: Trust,
    /// A sentence that an officer can check.
    pub evidence: String,
}

/// Decides. `from` is the single author's address, empty if there is none or more than one.
pub fn judge(from: &str, findings: &[Finding], signatures: &[Signature]) -> SenderCheck {
    let check = |trust, evidence: String| SenderCheck { trust, evidence };
    let Some(domain) = from.rsplit_once('@').map(|(_, domain)| domain).filter(|domain| !domain.is_empty()) else {
        return check(Trust::Unknown, "The mail names no single author".to_owned());
    };
    let of = |finding: &Finding| finding.property("header.from").map(|from| from.eq_ignore_ascii_case(domain));
    let dmarc = |result: &str| findings.iter().find(|finding| finding.method == "dmarc" && finding.result == result);
    if let Some(finding) = dmarc("fail").filter(|finding| of(finding).unwrap_or(true)) {
        return check(Trust::Refused, format!("{} says that {domain} disowns this mail (DMARC fail)", finding.server));
    }
    if let Some(finding) = dmarc("pass").filter(|finding| of(finding).unwrap_or(false)) {
        return check(Trust::Confirmed, format!("{} says that it is from {domain} (DMARC pass)", finding.server));
    }
    let signed = |finding: &&Finding| {
        let by = finding.property("header.d").or_else(|| finding.property("header.i").and_then(|id| id.rsplit_once('@').map(|(_, domain)| domain)));
        finding.method == "dkim" && finding.result == "pass" && by.is_some_and(|by| is_aligned(domain, by))
    };
    if let Some(finding) = findings.iter().find(signed) {
        return check(Trust::Confirmed, format!("{} says that {domain} signed it (DKIM pass)", finding.server));
    }
    let of_author = || signatures.iter().filter(|signature| is_aligned(domain, &signature.domain));
    if let Some(signature) = of_author().find(|signature| signature.outcome == Outcome::Pass) {
        return check(Trust::Confirmed, format!("Signed by {} (DKIM, checked when it came in)", signature.domain));
    }
    match of_author().next() {
        Some(Signature { domain, outcome: Outcome::Fail(reason) }) => check(Trust::Unknown, format!("The signature of {domain} does not hold: {reason}")),
        Some(Signature { domain, outcome: Outcome::Unknown(reason) }) => {
            check(Trust::Unknown, format!("The signature of {domain} could not be checked: {reason}"))
        }
        _ => check(Trust::Unknown, format!("Nothing proves that it is from {domain}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channels::email::authentication::read;

    fn trust(from: &str, header: &str, signatures: &[(&str, Outcome)]) -> Trust {
        let signatures: Vec<_> = signatures.iter().map(|(domain, outcome)| Signature { domain: (*domain).to_owned(), outcome: outcome.clone() }).collect();
        judge(from, &read(header), &signatures).trust
    }

    #[test]
    fn dmarc_or_an_aligned_signature_confirms_the_author() {
        for header in [
            "mx; dmarc=pass header.from=example.org",
            "mx; dkim=pass header.d=example.org",
            "mx; dkim=fail header.d=example.org; dkim=pass header.i=@example.org",
        ] {
            assert_eq!(trust("ann@example.org", header, &[]), Trust::Confirmed, "{header}");
        }
        assert_eq!(trust("ann@example.org", "", &[("example.org", Outcome::Pass)]), Trust::Confirmed);
    }

    #[test]
    fn another_domains_proof_a_broken_one_and_spf_alone_confirm_nothing() {
        for header in [
            "mx; dmarc=pass header.from=attacker.example",
            "mx; dkim=pass header.d=attacker.example",
            "mx; spf=pass smtp.mailfrom=ann@example.org",
            "mx; dkim=none; spf=none",
            "",
        ] {
            assert_eq!(trust("ann@example.org", header, &[("attacker.example", Outcome::Pass)]), Trust::Unknown, "{header}");
        }
        assert_eq!(trust("ann@example.org", "", &[("example.org", Outcome::Fail("changed".into()))]), Trust::Unknown);
        assert_eq!(trust("", "mx; dmarc=pass", &[]), Trust::Unknown);
    }

    #[test]
    fn a_domain_that_disowns_the_mail_is_believed_first() {
        assert_eq!(trust("ann@example.org", "mx; dmarc=fail header.from=example.org; dkim=pass header.d=example.org", &[]), Trust::Refused);
    }
}
