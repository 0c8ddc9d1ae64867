//! Any bytes as a mail: read, understood (visible reply, class, bounces, opt-out), tied, shown; nothing may panic or hang.
//!
//! `make fuzz` runs it for a minute from the mails in `fixtures/email`, on the ordinary compiler.
#![no_main]

use huecry::channels::email::{authentication, mime, safe_html};
use huecry::domain::inbound::TextPart;
use huecry::domain::token::TokenKey;
use huecry::inbound::thread::mail::keys;
use huecry::inbound::understand;

libfuzzer_sys::fuzz_target!(|raw: &[u8]| {
    let _author = authentication::plain_author(raw);
    let Ok(mail) = mime::parse(raw, &mime::Transport::default()) else { return };
    let sent = ["A van was taken from the station. Have you seen it? It is grey, with ladders on its roof."];
    let understood = understand::mail(&mail, &sent, |_| false);
    let key = TokenKey { id: 'a', secret: vec![9; 32] };
    let words = format!("{}\n{}", understood.visible.text, understood.visible.folded);
    let _found = keys(&mail, &words, std::slice::from_ref(&key));
    for (_, value) in mail.headers.iter().filter(|(name, _)| name == "authentication-results") {
        let _findings = authentication::read(value);
    }
    for part in &mail.parts {
        if let TextPart::Html(html) = part {
            let shown = safe_html::clean(html, &[]).map(|shown| shown.html.to_lowercase()).unwrap_or_default();
            assert!(!shown.contains("<script") && !shown.contains("<style") && !shown.contains("<form") && !shown.contains("<a"), "{shown}");
        }
    }
});
