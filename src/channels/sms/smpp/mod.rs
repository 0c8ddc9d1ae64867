//! SMPP 3.4: a bind to a carrier's message centre. The words of the protocol, pure; the socket is in [`session`].
//!
//! Sources: "Short Message Peer to Peer Protocol Specification v3.4", Issue 1.2: sections 4.4 (submit_sm), 4.6 (deliver_sm),
//! 5.1.3 (statuses), 5.2.12 (esm_class), 5.2.28 (message_state), 5.3.2 (TLVs) and appendix B (the receipt as text, which
//! is common and binds nobody); 3GPP TS 29.002 section 17.6.6 for the network's error codes.

mod pdu;
pub mod session;
mod text;

use pdu::{Deliver, MESSAGE_STATE, NETWORK_ERROR_CODE, Party, RECEIPTED_MESSAGE_ID, Submit};
pub use session::{Delivered, Smpp, Turn};

use crate::channels::{Hook, OutgoingText, ParseError, SendError, Verified};
use crate::config::{MessageIdRadix, SmppConfig, SmppLong};
use crate::domain::Phone;
use crate::domain::delivery::Status;
use crate::domain::inbound::{InboundEvent, InboundReceipt, InboundText};

/// `deliver_sm_resp`: it is stored.
pub const TAKEN: u32 = 0;
/// `deliver_sm_resp`, ESME_RX_T_APPN: it could not be stored; send it again later.
pub const TRY_AGAIN: u32 = 0x64;

/// ESME_RMSGQFUL: no room for more, perhaps for this person only.
const QUEUE_FULL: u32 = 0x14;
/// ESME_RTHROTTLED: more a second than was agreed.
const THROTTLED: u32 = 0x58;

/// The bodies of the `submit_sm` that hand a text over: one, or one for each part.
fn submissions(settings: &SmppConfig, text: &OutgoingText) -> Result<Vec<Vec<u8>>, SendError> {
    let written = text::write(&text.body, settings.default_alphabet);
    let total = u8::try_from(written.parts.len()).map_err(|_| SendError::ours("too_long", "the text makes more than 255 parts"))?;
    let submit = |esm_class: u8, message: &[u8], as_payload: bool| {
        let source = Party { ton: settings.source_ton, npi: settings.source_npi, address: text.from.trim_start_matches('+') };
        let destination = Party { ton: settings.dest_ton, npi: settings.dest_npi, address: text.to.trim_start_matches('+') };
        let validity = text.valid_for_s.map(validity).unwrap_or_default();
        Submit { source, destination, esm_class, validity: &validity, data_coding: written.data_coding, message, as_payload }.body()
    };
    Ok(match (total, settings.long) {
        (1, _) => vec![submit(0, &written.parts.concat(), false)],
        (_, SmppLong::Payload) => vec![submit(0, &written.parts.concat(), true)],
        (_, SmppLong::Udh) => {
            let reference = reference_of(text.delivery_id);
            (1..)
                .zip(&written.parts)
                .map(|(number, part)| submit(text::HAS_HEADER, &[&text::part_header(reference, total, number), &part[..]].concat(), false))
                .collect()
        }
    })
}

/// So long from now, as a message centre reads it (section 7.1.1.2): years, months, days, hours, minutes, seconds.
fn validity(seconds: i64) -> String {
    let seconds = seconds.clamp(1, 30 * 86_400);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    format!("0000{days:02}{hours:02}{minutes:02}{:02}000R", seconds % 60)
}

/// The same for a delivery whenever it is tried, so that a phone that had a part before does not show it twice. The low bits
/// of an id hardly differ between two texts to one person: all of them are mixed (Knuth's multiplicative hashing).
fn reference_of(delivery_id: i64) -> u8 {
    let [reference, ..] = delivery_id.cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
    reference
}

/// The message centre's id out of a `submit_sm_resp`, or why it refused.
fn read_answer(settings: &SmppConfig, answer: &[u8]) -> Result<String, SendError> {
    match pdu::header(answer) {
        Some(header) if header.status != 0 => Err(refusal(header.status)),
        // Without an id it was taken all the same; its receipts then find nobody.
        _ => Ok(canonical_id(settings.message_id_radix, Said::InAnswer, &pdu::take_text(&mut pdu::body(answer)).unwrap_or_default())),
    }
}

/// What a status other than 0 means (section 5.1.3). Those of a message centre's own, from 0x400, are in its interface guide
/// only: they are tried again.
fn refusal(status: u32) -> SendError {
    let code = format!("{status:#04x}");
    match status {
        THROTTLED => SendError { retry_after_ms: Some(1_000), ..SendError::temporary(&code, "more texts a second than the carrier takes: check rate_per_s") },
        // Perhaps this person's alone: nothing for everybody else to wait for.
        QUEUE_FULL => SendError::temporary(&code, "the carrier's queue is full"),
        // Or a type of number that it does not know: then it is so of all.
        0x0b => SendError::refused(&code, "not a number that the carrier can text"),
        0x04 | 0x05 => SendError { ours: true, ..SendError::temporary(&code, "the carrier says that we are not bound, or bound already") },
        0x0d..=0x0f | 0x53 => {
            SendError { ours: true, ..SendError::temporary(&code, "the carrier refused the bind: check system_id, password and system_type") }
        }
        0x08 => SendError::temporary(&code, "the carrier's system failed"),
        0x45 | 0x64 | 0xfe => SendError::temporary(&code, "the carrier could not take the text"),
        0xff | 0x400..=0x4ff => SendError::temporary(&code, "the carrier refused the text for a reason of its own: see its interface guide"),
        0x0a | 0x48 | 0x49 => {
            SendError::misconfigured(&code, "our number is not ours at the carrier, or of another type: check numbers, source_ton and source_npi")
        }
        0x50 | 0x51 => SendError::misconfigured(&code, "the carrier wants numbers of another type: check dest_ton and dest_npi"),
        0x01 => SendError::ours(&code, "the text is too long for the carrier: check long"),
        0x43 | 0xc0..=0xc4 => SendError::ours(&code, "the carrier does not take texts in this form: check long and default_alphabet"),
        _ => SendError::ours(&code, "the carrier refused what we sent"),
    }
}

/// Where an id was said: message centres write the same one in two ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    InAnswer,
    InReceipt,
}

/// One spelling for an id, however the message centre pads it, in which case it writes it, and in which base if that is known.
fn canonical_id(radix: MessageIdRadix, said: Said, id: &str) -> String {
    let id = id.trim().to_ascii_lowercase();
    let number = match (radix, said) {
        (MessageIdRadix::AsIs, _) => None,
        // In a receipt what is not decimal is hexadecimal after all.
        (MessageIdRadix::HexThenDecimal, Said::InReceipt) if id.bytes().all(|octet| octet.is_ascii_digit()) => id.parse::<u128>().ok(),
        (MessageIdRadix::HexThenDecimal, _) => u128::from_str_radix(&id, 16).ok(),
    };
    if let Some(number) = number {
        return number.to_string();
    }
    let bare = id.trim_start_matches('0');
    if bare.is_empty() && !id.is_empty() { "0".to_owned() } else { bare.to_owned() }
}

/// What intake needs to know of a `deliver_sm`, and whether it is a receipt. Of one that cannot be read: nothing.
fn introduce(settings: &SmppConfig, pdu: &[u8]) -> (Hook, Verified) {
    let Ok(deliver) = Deliver::read(pdu) else {
        return (Hook::Inbound, Verified::default());
    };
    let correspondent = Some(international(deliver.source_ton, &deliver.source));
    if is_receipt(&deliver) {
        // One message has several receipts: each status once. With the day it was sent, where that is told: some message centres
        // count their ids up and begin anew.
        let words = words_of(&deliver);
        let sent = field(&words, "date:").map(|date| format!(":{date}")).unwrap_or_default();
        let provider_id = receipt(settings, &deliver).ok().map(|receipt| format!("{}:{}{sent}", receipt.provider_message_id, receipt.provider_status));
        return (Hook::Status, Verified { provider_id, correspondent, ..Verified::default() });
    }
    let whole = text::read(&deliver, settings.default_alphabet).ok().filter(|read| read.part.is_none()).map(|read| read.text);
    (Hook::Inbound, Verified { correspondent, text: whole, ..Verified::default() })
}

/// What a `deliver_sm` says.
fn parse(settings: &SmppConfig, pdu: &[u8]) -> Result<Vec<InboundEvent>, ParseError> {
    let deliver = Deliver::read(pdu).map_err(|field| ParseError(format!("no deliver_sm that can be read: its {field} is missing")))?;
    if is_receipt(&deliver) {
        return receipt(settings, &deliver).map(|receipt| vec![InboundEvent::Receipt(receipt)]);
    }
    let read = text::read(&deliver, settings.default_alphabet)?;
    let to = international(deliver.destination_ton, &deliver.destination);
    Ok(vec![InboundEvent::Text(InboundText {
        from: international(deliver.source_ton, &deliver.source),
        to: Phone::parse(&to).map_or(to, |phone| phone.e164().to_owned()),
        text: read.text,
        sent_at: None,
        media_urls: Vec::new(),
        part: read.part,
    })])
}

/// By the message centre's own mark, never by the words: those a person can write, too.
fn is_receipt(deliver: &Deliver<'_>) -> bool {
    // A receipt of the end, an intermediate one.
    matches!(deliver.esm_class & 0x3c, 0x04 | 0x20) || deliver.tlv(RECEIPTED_MESSAGE_ID).is_some()
}

/// A number with the + that carriers leave out of an international one. Of an unknown type it is taken for one if it is as
/// long and does not begin with 0.
fn international(ton: u8, address: &str) -> String {
    let digits = !address.is_empty() && address.bytes().all(|octet| octet.is_ascii_digit());
    let long = address.len() >= 11 && !address.starts_with('0');
    if digits && (ton == 1 || (ton == 0 && long)) { format!("+{address}") } else { address.to_owned() }
}

/// `message_state`, and the word for it in the receipt's text.
const STATES: [(u8, &str); 9] =
    [(0, "SCHEDULED"), (1, "ENROUTE"), (2, "DELIVRD"), (3, "EXPIRED"), (4, "DELETED"), (5, "UNDELIV"), (6, "ACCEPTD"), (7, "UNKNOWN"), (8, "REJECTD")];

fn receipt(settings: &SmppConfig, deliver: &Deliver<'_>) -> Result<InboundReceipt, ParseError> {
    let words = words_of(deliver);
    let radix = settings.message_id_radix;
    let in_tlv =
        deliver.tlv(RECEIPTED_MESSAGE_ID).map(|value| value.iter().take_while(|octet| **octet != 0).map(|octet| char::from(*octet)).collect::<String>());
    let in_words = field(&words, "id:").map(str::to_owned);
    // Where the two differ in base, the words have the decimal one.
    let id = if radix == MessageIdRadix::HexThenDecimal { in_words.or(in_tlv) } else { in_tlv.or(in_words) };
    let provider_message_id = canonical_id(radix, Said::InReceipt, &id.unwrap_or_default());
    if provider_message_id.is_empty() {
        return Err(ParseError("the receipt does not say for which message it is".to_owned()));
    }
    let state = deliver.tlv(MESSAGE_STATE).and_then(<[u8]>::first).and_then(|state| STATES.iter().find(|(known, _)| known == state));
    let provider_status = match (state, field(&words, "stat:")) {
        (Some((_, word)), _) => (*word).to_owned(),
        (None, Some(word)) => word.to_owned(),
        (None, None) => return Err(ParseError("the receipt does not say what became of the message".to_owned())),
    };
    let network = match deliver.tlv(NETWORK_ERROR_CODE) {
        Some([network, high, low]) => Some((*network, u16::from_be_bytes([*high, *low]))).filter(|(_, code)| *code != 0),
        _ => None,
    };
    let in_words = field(&words, "err:").filter(|code| code.chars().any(|c| c != '0')).map(str::to_owned);
    Ok(InboundReceipt {
        provider_message_id,
        delivery_id: None,
        status: status_of(&provider_status, network),
        provider_status,
        error_code: network.map(|(network, code)| if network == GSM { format!("gsm:{code}") } else { format!("{network}:{code}") }).or(in_words),
    })
}

/// A receipt's text: ASCII, whatever its coding says.
fn words_of(deliver: &Deliver<'_>) -> String {
    deliver.message().iter().map(|octet| char::from(*octet)).collect()
}

/// A field of the receipt's text, which ends with the first words of the message itself: those are not looked at.
fn field<'a>(words: &'a str, name: &str) -> Option<&'a str> {
    let lower = words.to_ascii_lowercase();
    let end = lower.find(" text:").unwrap_or(lower.len());
    let head = lower.get(..end)?;
    let at = head
        .match_indices(name)
        .map(|(at, _)| at)
        .find(|at| head.get(..*at).is_some_and(|before| before.is_empty() || before.ends_with(char::is_whitespace)))?;
    words.get(at + name.len()..end)?.split_whitespace().next()
}

/// The network of `network_error_code` whose codes are those of GSM.
const GSM: u8 = 3;

/// The words of a receipt. `None`: one that is not in the specification; it is kept and counted, never guessed.
fn status_of(word: &str, network: Option<(u8, u16)>) -> Option<Status> {
    match word.to_ascii_uppercase().as_str() {
        "SCHEDULED" | "ENROUTE" | "ACCEPTD" => Some(Status::Accepted),
        "DELIVRD" => Some(Status::Delivered),
        // The phone was off for as long as the carrier tries.
        "EXPIRED" => Some(Status::TemporaryFailure),
        "DELETED" => Some(Status::Cancelled),
        "UNDELIV" => Some(match network {
            // TS 29.002: unknown, unidentified or illegal subscriber, no texts for it, illegal equipment.
            Some((GSM, 1 | 5 | 9 | 11 | 12)) => Status::PermanentFailure,
            _ => Status::TemporaryFailure,
        }),
        "REJECTD" => Some(Status::TechnicalFailure),
        // The carrier does not know, so neither do we.
        "UNKNOWN" => Some(Status::Unconfirmed),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::SecretString;

    use super::*;
    use crate::config::SmppAlphabet;
    use crate::domain::inbound::TextPartOf;

    fn settings() -> SmppConfig {
        SmppConfig {
            host: "localhost".into(),
            port: 2_775,
            tls: false,
            system_id: "force".into(),
            password: SecretString::from("secret08"),
            system_type: String::new(),
            window: 10,
            source_ton: 1,
            source_npi: 1,
            dest_ton: 1,
            dest_npi: 1,
            enquire_link_s: 30,
            response_timeout_s: 10,
            long: SmppLong::Udh,
            message_id_radix: MessageIdRadix::AsIs,
            default_alphabet: SmppAlphabet::Gsm7,
        }
    }

    fn text(body: &str) -> OutgoingText {
        OutgoingText {
            delivery_id: 7,
            from: "+447700900001".into(),
            to: "+447700900123".into(),
            body: body.into(),
            status_url: String::new(),
            valid_for_s: None,
        }
    }

    /// A `deliver_sm` as a message centre would send it.
    fn deliver(esm_class: u8, data_coding: u8, message: &[u8], tlvs: &[(u16, &[u8])]) -> Vec<u8> {
        let mut body = b"\0\x01\x01447700900123\0\x01\x01447700900001\0".to_vec();
        body.extend([esm_class, 0, 0, 0, 0, 0, 0, data_coding, 0, u8::try_from(message.len()).unwrap()]);
        body.extend(message);
        for (tag, value) in tlvs {
            body.extend(tag.to_be_bytes());
            body.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
            body.extend(*value);
        }
        pdu::write(pdu::DELIVER_SM, 0, 9, &body).to_vec()
    }

    fn inbound(pdu: &[u8]) -> InboundText {
        match parse(&settings(), pdu).unwrap().pop() {
            Some(InboundEvent::Text(text)) => text,
            other => panic!("{other:?}"),
        }
    }

    fn receipt_of(settings: &SmppConfig, pdu: &[u8]) -> InboundReceipt {
        match parse(settings, pdu).unwrap().pop() {
            Some(InboundEvent::Receipt(receipt)) => receipt,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_short_text_is_one_submission_laid_out_as_the_specification_says() {
        let bodies = submissions(&settings(), &text("Seen a red van? £5")).unwrap();
        let mut expected = b"\0\x01\x01447700900001\0\x01\x01447700900123\0".to_vec();
        expected.extend([0, 0, 0, 0, 0, 1, 0, 0, 0, 18]);
        expected.extend(b"Seen a red van? \x015");
        assert_eq!(bodies, [expected]);
        let bodies = submissions(&settings(), &text("Tŷ")).unwrap();
        assert!(bodies[0].ends_with(b"\x08\x00\x04\x00T\x01\x77"), "UCS-2, big-endian: {:?}", bodies[0]);
    }

    #[test]
    fn a_long_text_goes_in_parts_of_one_reference_or_whole() {
        let long = text(&"abcdefghij".repeat(31));
        let bodies = submissions(&settings(), &long).unwrap();
        let heads: Vec<&[u8]> = bodies.iter().map(|body| &body[31..47]).collect();
        let reference = heads[0][13];
        for (number, (head, length)) in (1..).zip(heads.iter().zip([159, 159, 10])) {
            assert_eq!(*head, [text::HAS_HEADER, 0, 0, 0, 0, 1, 0, 0, 0, length, 5, 0, 3, reference, 3, number]);
        }
        assert_eq!(submissions(&settings(), &long).unwrap(), bodies, "the same whenever it is tried");
        let references: std::collections::BTreeSet<u8> = (0..64_i64).map(|ms| reference_of(((217_000_000_000 + ms) << 22) | (1 << 12))).collect();
        assert!(references.len() > 40, "{} of 64", references.len());

        let whole = submissions(&SmppConfig { long: SmppLong::Payload, ..settings() }, &long).unwrap();
        assert!(whole.len() == 1 && whole[0][31] == 0);
        assert_eq!(whole[0][40..45], [0, 0x04, 0x24, 1, 54], "no short message, then 310 octets of payload");
        assert!(whole[0].ends_with(long.body.as_bytes()));
        assert_eq!(submissions(&settings(), &text(&"x".repeat(153 * 256))).unwrap_err().code, "too_long");
    }

    #[test]
    fn a_text_is_worth_delivering_for_so_long() {
        assert_eq!(validity(600), "000000001000000R");
        assert_eq!(validity(3 * 86_400 + 7_265), "000003020105000R");
        let lasting = OutgoingText { valid_for_s: Some(600), ..text("Short") };
        let body = submissions(&settings(), &lasting).unwrap().remove(0);
        assert!(body.windows(17).any(|part| part == b"000000001000000R\0"), "{body:?}");
    }

    #[test]
    fn statuses_mean_what_the_specification_says() {
        for (status, retryable, ours, waits) in [
            (0x58, true, false, Some(1_000)),
            (0x14, true, false, None),
            (0x08, true, false, None),
            (0x45, true, false, None),
            (0x412, true, false, None),
            (0x0b, false, false, None),
            (0x0a, true, true, None),
            (0x51, true, true, None),
            (0x01, false, true, None),
            (0xc2, false, true, None),
            (0x0e, true, true, None),
            (0x05, true, true, None),
            (0x77, false, true, None),
        ] {
            let answer = pdu::write(pdu::SUBMIT_SM | pdu::RESPONSE, status, 2, &[]);
            let error = read_answer(&settings(), &answer).unwrap_err();
            assert_eq!((error.retryable, error.ours, error.retry_after_ms), (retryable, ours, waits), "{error}");
            assert!(!error.doubtful && !error.opted_out && error.code.starts_with("0x"), "{error}");
        }
        let answer = |body: &[u8]| read_answer(&settings(), &pdu::write(pdu::SUBMIT_SM | pdu::RESPONSE, 0, 2, body));
        assert_eq!(answer(b"00A1b2\0").unwrap(), "a1b2");
        assert_eq!(answer(b"").unwrap(), "", "taken, and without an id");
    }

    #[test]
    fn an_id_is_spelt_alike_in_the_answer_and_in_the_receipt() {
        use MessageIdRadix::{AsIs, HexThenDecimal};
        let same = |radix, answer, receipt| {
            assert_eq!(canonical_id(radix, Said::InAnswer, answer), canonical_id(radix, Said::InReceipt, receipt), "{answer} and {receipt}");
        };
        same(AsIs, "0A1B", " a1b");
        same(AsIs, "221067780", "0221067780");
        same(AsIs, "9f1c2d3e-4b5a-4c6d-8e7f-001122334455", "9F1C2D3E-4B5A-4C6D-8E7F-001122334455");
        same(HexThenDecimal, "D2D4C04", "0221072388");
        same(HexThenDecimal, "00d2d4c04", "D2D4C04");
        same(HexThenDecimal, "not-a-number", "NOT-A-NUMBER");
        assert_eq!(canonical_id(AsIs, Said::InAnswer, "000"), "0");
        assert_ne!(canonical_id(AsIs, Said::InAnswer, "10"), canonical_id(AsIs, Said::InAnswer, "16"));
    }

    #[test]
    fn a_text_from_a_phone_is_read_with_both_numbers() {
        let read = inbound(&deliver(0, 0, b"Seen it \x01 \x1be", &[]));
        assert_eq!((read.from.as_str(), read.to.as_str(), read.text.as_str(), read.part), ("+447700900123", "+447700900001", "Seen it £ €", None));
        let read = inbound(&deliver(0, 8, b"", &[(pdu::MESSAGE_PAYLOAD, b"\xd8\x3d\xde\x00")]));
        assert_eq!(read.text, "😀");
        let part = |reference: &str, total, number| Some(TextPartOf { reference: reference.into(), total, number });
        assert_eq!(inbound(&deliver(0x40, 0, b"\x05\x00\x03\x2a\x02\x01one", &[])).part, part("8:42", 2, 1));
        let sar: [(u16, &[u8]); 3] = [(pdu::SAR_REFERENCE, &[1, 2]), (pdu::SAR_TOTAL, &[3]), (pdu::SAR_NUMBER, &[2])];
        assert_eq!(inbound(&deliver(0, 0, b"two", &sar)).part, part("16:258", 3, 2));
        for (ton, address, number) in [
            (1, "353861234567", "+353861234567"),
            (0, "447700900123", "+447700900123"),
            (0, "07700900123", "07700900123"),
            (2, "07700900123", "07700900123"),
            (3, "61016", "61016"),
            (0, "61016", "61016"),
            (5, "NHS", "NHS"),
            (1, "", ""),
        ] {
            assert_eq!(international(ton, address), number);
        }
    }

    #[test]
    fn intake_learns_whose_text_it_is_and_a_part_is_not_taken_for_the_whole() {
        let (hook, verified) = introduce(&settings(), &deliver(0, 0, b"STOP", &[]));
        let expected = Verified { correspondent: Some("+447700900123".into()), text: Some("STOP".into()), ..Verified::default() };
        assert_eq!((hook, verified), (Hook::Inbound, expected));
        assert_eq!(introduce(&settings(), &deliver(0x40, 0, b"\x05\x00\x03\x2a\x02\x01STOP", &[])).1.text, None);
        let (hook, verified) = introduce(&settings(), &deliver(0x04, 0, b"id:00AB stat:DELIVRD err:000 text:hello", &[]));
        assert_eq!((hook, verified.provider_id.as_deref(), verified.text), (Hook::Status, Some("ab:DELIVRD"), None));
        assert_eq!(introduce(&settings(), b"\0\0\0\x10"), (Hook::Inbound, Verified::default()), "kept all the same, for somebody to look at");
    }

    #[test]
    fn a_receipt_for_an_id_that_is_used_again_is_another() {
        let known_by = |words: &str| introduce(&settings(), &deliver(0x04, 0, words.as_bytes(), &[])).1.provider_id.unwrap();
        assert_eq!(known_by("id:1 submit date:2611221159 done date:2611221200 stat:DELIVRD"), "1:DELIVRD:2611221159");
        assert_ne!(known_by("id:1 submit date:2701010000 done date:2701010001 stat:DELIVRD"), "1:DELIVRD:2611221159");
    }

    #[test]
    fn a_receipt_is_read_from_tlvs_before_words() {
        let words = b"id:0123 sub:001 dlvrd:000 submit date:2611221159 done date:261122120001 stat:UNDELIV err:001 Text:id:9 stat:DELIVRD";
        let receipt = receipt_of(&settings(), &deliver(0x04, 0, words, &[]));
        let told = (receipt.provider_message_id.as_str(), receipt.provider_status.as_str(), receipt.status, receipt.error_code.as_deref());
        assert_eq!(told, ("123", "UNDELIV", Some(Status::TemporaryFailure), Some("001")), "whose meaning is the carrier's own");
        assert_eq!(receipt.delivery_id, None);

        let tlvs: [(u16, &[u8]); 3] = [(pdu::RECEIPTED_MESSAGE_ID, b"00FF\0"), (pdu::MESSAGE_STATE, &[5]), (pdu::NETWORK_ERROR_CODE, &[3, 0, 1])];
        for words in [&words[..], b""] {
            let receipt = receipt_of(&settings(), &deliver(0x04, 0, words, &tlvs));
            let told = (receipt.provider_message_id.as_str(), receipt.provider_status.as_str(), receipt.status, receipt.error_code.as_deref());
            assert_eq!(told, ("ff", "UNDELIV", Some(Status::PermanentFailure), Some("gsm:1")));
        }
        let mixed = SmppConfig { message_id_radix: MessageIdRadix::HexThenDecimal, ..settings() };
        let id = |tlvs: &[(u16, &[u8])], words: &[u8]| receipt_of(&mixed, &deliver(0x04, 0, words, tlvs)).provider_message_id;
        assert_eq!(id(&[(pdu::RECEIPTED_MESSAGE_ID, b"10\0")], b"id:16 stat:DELIVRD"), "16", "the words have the decimal one");
        assert_eq!(id(&[], b"id:0000000016 stat:DELIVRD"), "16");
        assert_eq!(id(&[(pdu::RECEIPTED_MESSAGE_ID, b"1f\0"), (pdu::MESSAGE_STATE, &[2])], b""), "31");

        let error = |words: &[u8]| parse(&settings(), &deliver(0x04, 0, words, &[])).unwrap_err().to_string();
        assert_eq!(error(b"stat:DELIVRD"), "the receipt does not say for which message it is");
        assert_eq!(error(b"id:1"), "the receipt does not say what became of the message");
    }

    #[test]
    fn a_person_cannot_write_a_receipt() {
        assert_eq!(inbound(&deliver(0, 0, b"id:1 stat:DELIVRD err:000", &[])).text, "id:1 stat:DELIVRD err:000");
    }

    #[test]
    fn every_word_of_a_receipt_has_its_status_and_another_has_none() {
        let expected = [
            Status::Accepted,
            Status::Accepted,
            Status::Delivered,
            Status::TemporaryFailure,
            Status::Cancelled,
            Status::TemporaryFailure,
            Status::Accepted,
            Status::Unconfirmed,
            Status::TechnicalFailure,
        ];
        for ((state, word), status) in STATES.into_iter().zip(expected) {
            let by_tlv = receipt_of(&settings(), &deliver(0x20, 0, b"id:1", &[(pdu::MESSAGE_STATE, &[state])]));
            let by_word = receipt_of(&settings(), &deliver(0x04, 0, format!("id:1 stat:{word}").as_bytes(), &[]));
            for receipt in [by_tlv, by_word] {
                assert_eq!((receipt.provider_status.as_str(), receipt.status), (word, Some(status)));
            }
        }
        let unknown = receipt_of(&settings(), &deliver(0x04, 0, b"id:1 stat:LOST", &[(pdu::MESSAGE_STATE, &[99])]));
        assert_eq!((unknown.provider_status.as_str(), unknown.status), ("LOST", None));
    }

    #[test]
    fn a_field_that_nobody_reads_may_be_odd() {
        // A date of seven characters, an address with an octet that is not ASCII, a TLV cut short.
        let mut body = b"\0\x01\x01447700900123\xa0\0\x01\x01447700900001\0\0\0\x002611221\0\0\0\0\0\0\x02hi".to_vec();
        body.extend(b"\x14\x00\x00\x09x");
        let read = inbound(&pdu::write(pdu::DELIVER_SM, 0, 9, &body));
        assert_eq!((read.text.as_str(), read.to.as_str()), ("hi", "+447700900001"));
        assert!(parse(&settings(), &pdu::write(pdu::DELIVER_SM, 0, 9, &body[..30])).unwrap_err().to_string().contains("destination_addr"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _read = (parse(&settings(), &bytes), introduce(&settings(), &bytes), read_answer(&settings(), &bytes));
            let pdu = pdu::write(pdu::DELIVER_SM, 0, 1, &bytes);
            let _read = (parse(&settings(), &pdu), introduce(&settings(), &pdu));
        }

        #[test]
        fn no_message_makes_it_panic(esm_class in any::<u8>(), data_coding in any::<u8>(), message in proptest::collection::vec(any::<u8>(), 0..255), state in any::<u8>()) {
            let pdu = deliver(esm_class, data_coding, &message, &[(pdu::MESSAGE_STATE, &[state]), (pdu::SAR_REFERENCE, &[state])]);
            let _read = (parse(&settings(), &pdu), introduce(&settings(), &pdu));
        }
    }
}
