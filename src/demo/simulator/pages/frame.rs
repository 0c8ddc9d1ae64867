//! What every page carries: its title, the strip of totals, the way to the gateway.
//!
//! Owns: the strip's words. Must not: hold what only one page shows.
//! Data: from the ledger's totals; to the layout template.

use super::super::world::World;

/// Given to `simulator/layout.html`.
pub(crate) struct Frame {
    pub(crate) title: String,
    pub(crate) gateway: String,
    pub(crate) version: u64,
    pub(crate) strip: Vec<Figure>,
}

/// One figure of the strip.
pub(crate) struct Figure {
    pub(crate) label: &'static str,
    pub(crate) value: String,
    /// To be looked at.
    pub(crate) trouble: bool,
}

/// The frame of a page.
pub(crate) fn frame(world: &World, title: String) -> Frame {
    let version = world.version();
    let totals = world.ledger(|ledger| ledger.totals.clone());
    let figure = |label, value: u64| Figure { label, value: grouped(value), trouble: false };
    Frame {
        title,
        gateway: world.gateway(),
        version,
        strip: vec![
            figure("Texts received", totals.texts_received),
            figure("Texts sent", totals.texts_sent),
            figure("Mails received", totals.mails_received),
            figure("Mails sent", totals.mails_sent),
            figure("Receipts sent", totals.receipts_sent),
            Figure { trouble: totals.webhook_failures > 0, ..figure("Webhook failures", totals.webhook_failures) },
        ],
    }
}

fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn groups_thousands() {
        assert_eq!([0, 999, 1000, 1_234_567].map(super::grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
