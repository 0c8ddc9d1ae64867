//! Settings of a carrier by SMPP 3.4.

use crate::config::channel::SmtpTls;
use crate::config::reader::Reader;
use secrecy::SecretString;

/// Settings of provider `smpp`.
#[derive(Clone, Debug)]
pub struct SmppConfig {
    /// Of the message centre.
    pub host: String,
    /// Of the message centre.
    pub port: u16,
    /// Whether the connection is protected; without it password and texts go in the clear.
    pub tls: bool,
    /// Our account, at most 15 characters.
    pub system_id: String,
    /// Its password, at most 8 characters.
    pub password: SecretString,
    /// What kind of system we are, where the carrier wants a word for it; at most 12 characters.
    pub system_type: String,
    /// Texts handed over and not answered yet, at most.
    pub window: u16,
    /// Type of our numbers: 1 international, 3 short code, 5 a name.
    pub source_ton: u8,
    /// Numbering plan of our numbers: 1 is E.164.
    pub source_npi: u8,
    /// Type of theirs.
    pub dest_ton: u8,
    /// Numbering plan of theirs.
    pub dest_npi: u8,
    /// How often we ask whether the line holds.
    pub enquire_link_s: u16,
    /// How long an answer may take. A hand-over waits so long for the bind, for its turn and for the answer: in all less than
    /// a call to a provider may take.
    pub response_timeout_s: u16,
    /// How texts go that are longer than one.
    pub long: SmppLong,
    /// How the message centre writes its ids.
    pub message_id_radix: MessageIdRadix,
    /// What it takes `data_coding` 0 for.
    pub default_alphabet: SmppAlphabet,
}

crate::words! {
    /// How a text goes that is longer than one.
    SmppLong {
        /// In parts of ours, each with a header.
        Udh = "udh",
        /// Whole: the message centre cuts it.
        Payload = "payload",
    }
}

crate::words! {
    /// How a message centre writes its ids.
    MessageIdRadix {
        /// The same everywhere.
        AsIs = "as_is",
        /// Hexadecimal when it takes a text, decimal in the receipt.
        HexThenDecimal = "hex_then_decimal",
    }
}

crate::words! {
    /// What a message centre takes `data_coding` 0 for.
    SmppAlphabet {
        /// The alphabet of the air, an octet a septet.
        Gsm7 = "gsm7",
        /// ISO 8859-1.
        Latin1 = "latin1",
        /// Seven bits.
        Ascii = "ascii",
    }
}

pub(super) fn read_smpp(table: &mut Reader<'_>) -> SmppConfig {
    let tls = table.parsed_or("tls", "tls", "none or tls");
    if tls == Some(SmtpTls::StartTls) {
        table.fault("tls", "none or tls");
    }
    let number =
        |table: &mut Reader<'_>, key: &str, default: i64, least: i64, most: i64| u16::try_from(table.number_or(key, default, least, most)).unwrap_or_default();
    let type_or_plan = |table: &mut Reader<'_>, key: &str| u8::try_from(table.number_or(key, 1, 0, 18)).unwrap_or(1);
    SmppConfig {
        host: table.required("host", "the host of the carrier's message centre"),
        port: number(table, "port", 2_775, 1, 65_535),
        tls: tls != Some(SmtpTls::None),
        system_id: in_short_ascii(table, "system_id", 1, 15, "the account at the message centre, at most 15 characters"),
        password: SecretString::from(in_short_ascii(table, "password", 1, 8, "its password, at most 8 characters")),
        system_type: in_short_ascii(table, "system_type", 0, 12, "a word that the carrier gave, at most 12 characters"),
        window: number(table, "window", 10, 1, 1_000),
        source_ton: type_or_plan(table, "source_ton"),
        source_npi: type_or_plan(table, "source_npi"),
        dest_ton: type_or_plan(table, "dest_ton"),
        dest_npi: type_or_plan(table, "dest_npi"),
        enquire_link_s: number(table, "enquire_link_s", 30, 1, 3_600),
        response_timeout_s: number(table, "response_timeout_s", 10, 1, 12),
        long: table.parsed_or("long", "udh", "udh or payload").unwrap_or(SmppLong::Udh),
        message_id_radix: table.parsed_or("message_id_radix", "as_is", "as_is or hex_then_decimal").unwrap_or(MessageIdRadix::AsIs),
        default_alphabet: table.parsed_or("default_alphabet", "gsm7", "gsm7, latin1 or ascii").unwrap_or(SmppAlphabet::Gsm7),
    }
}

/// A text as the protocol's fields hold it: ASCII of bounded length.
fn in_short_ascii(table: &mut Reader<'_>, key: &str, least: usize, most: usize, expected: &str) -> String {
    let text = table.text_or(key, "");
    if !(least..=most).contains(&text.len()) || !text.bytes().all(|octet| octet.is_ascii_graphic() || octet == b' ') {
        table.fault(key, expected);
    }
    text
}
