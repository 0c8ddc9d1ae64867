//! `[pure]` Addresses: a phone number in E.164 or an e-mail address, redacted wherever it could slip into a log.

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, PhoneNumberType, Region};

use super::token;

/// HMAC of a normalised address, 16 bytes: what suppressions and correspondents are joined on. Not reversible.
pub type MatchKey = Vec<u8>;

/// Where a person can be reached.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Address {
    /// A phone that takes texts.
    Phone(Phone),
    /// A mailbox.
    Email(Email),
}

/// A phone number in E.164, such as `+447700900123`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Phone(String);

/// An e-mail address, domain in lower case, as it is written to.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Email(String);

/// Why a text is not an address we can use. The sentence is shown to the person who typed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Nothing there.
    #[error("Enter a phone number or an e-mail address")]
    Empty,
    /// Not digits in the shape of a number.
    #[error("Enter a mobile number, like 07700 900123")]
    NotANumber,
    /// A short code, an emergency number or an alphanumeric sender.
    #[error("Enter a full mobile number, not a short number")]
    ShortNumber,
    /// A landline, pager, personal or premium number.
    #[error("Enter a mobile number: this one cannot take texts")]
    NotMobile,
    /// Ofcom's range for films, where sending is real.
    #[error("Enter your own number: this one is kept for films and reaches nobody")]
    Drama,
    /// An alphanumeric sender.
    #[error("Enter a mobile number: a name cannot be answered")]
    Name,
    /// No @, no domain, or characters that cannot be there.
    #[error("Enter an e-mail address in the correct format, like name@example.com")]
    NotAnEmail,
}

impl Address {
    /// `phone` or `email`, as stored.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Phone(_) => "phone",
            Self::Email(_) => "email",
        }
    }

    /// `sms` or `email`: the kind of channel that reaches it.
    pub const fn channel_kind(&self) -> &'static str {
        match self {
            Self::Phone(_) => "sms",
            Self::Email(_) => "email",
        }
    }

    /// The address in full. Only for sending, storing and showing to its owner.
    pub fn reveal(&self) -> &str {
        match self {
            Self::Phone(phone) => &phone.0,
            Self::Email(email) => &email.0,
        }
    }

    /// HMAC of the normalised address under the installation's match key.
    pub fn match_key(&self, secret: &[u8]) -> MatchKey {
        let normal = match self {
            Self::Phone(phone) => phone.0.clone(),
            Self::Email(email) => email.0.to_lowercase(),
        };
        token::mac(secret, &[self.kind().as_bytes(), normal.as_bytes()]).into_iter().take(16).collect()
    }

    /// What may be shown without an unmask: the last four digits, or the first letter and the domain.
    pub fn masked(&self) -> String {
        mask(self.reveal())
    }

    /// Reads back what the store holds; the kind is the stored word.
    pub fn from_stored(kind: &str, value: &str) -> Self {
        if kind == "phone" || kind == "sms" { Self::Phone(Phone(value.to_owned())) } else { Self::Email(Email(value.to_owned())) }
    }

    /// A phone number or an e-mail address, whichever it looks like.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        match text.trim() {
            "" => Err(AddressError::Empty),
            mail if mail.contains('@') => Email::parse(mail).map(Self::Email),
            number => Phone::parse_mobile(number).map(Self::Phone),
        }
    }
}

/// Stands where the address of somebody was who asked to be erased.
pub const ERASED: &str = "(erased)";

/// Masks a stored address of either kind.
pub fn mask(value: &str) -> String {
    match value.split_once('@') {
        Some((local, domain)) => format!("{}…@{domain}", local.chars().next().unwrap_or('?')),
        None if value.starts_with(ERASED) => "somebody who was erased".to_owned(),
        None if value.starts_with('(') => "an unknown sender".to_owned(),
        None => format!("a number ending {}", value.chars().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect::<String>()),
    }
}

/// A carrier's words with every address in them masked.
pub fn masked_in(text: &str) -> String {
    let word = |word: &str| {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '+');
        let is_number = bare.chars().filter(char::is_ascii_digit).count() >= 9 && bare.chars().all(|c| c.is_ascii_digit() || "+-.()".contains(c));
        if bare.contains('@') || is_number { word.replace(bare, &mask(bare)) } else { word.to_owned() }
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// An e-mail address in small letters without what stands behind a plus (RFC 5233), to tell whether two are one mailbox.
pub fn without_detail(address: &str) -> String {
    let lower = address.trim().trim_matches(['<', '>']).to_lowercase();
    match lower.rsplit_once('@') {
        Some((local, host)) => format!("{}@{host}", local.split('+').next().unwrap_or_default()),
        None => lower,
    }
}

crate::words! {
    /// What kind of number a text names.
    NumberKind {
        /// A mobile of the United Kingdom.
        Mobile = "mobile",
        /// A mobile of Jersey, Guernsey or the Isle of Man: country code 44 too, but billed as international.
        CrownDependency = "crown_dependency",
        /// A mobile of another country.
        ForeignMobile = "foreign_mobile",
        /// Ofcom's range for drama, 07700 900000 to 900999: only where sending is simulated.
        Drama = "drama",
        /// A landline.
        FixedLine = "fixed_line",
        /// 070.
        Personal = "personal",
        /// 076, but for the Isle of Man's 07624.
        Pager = "pager",
        /// Costs the caller more.
        Premium = "premium",
        /// 0800 and 0808: costs the caller nothing.
        Freephone = "freephone",
        /// By internet.
        Voip = "voip",
        /// 999, 112, 101, 111 and the like.
        Emergency = "emergency",
        /// Five or six digits.
        ShortCode = "short_code",
        /// A name instead of a number.
        Alphanumeric = "alphanumeric",
        /// A number of no known kind.
        Unknown = "unknown",
        /// No number at all.
        Invalid = "invalid",
    }
}

impl NumberKind {
    /// Whether a text to it arrives and can be answered.
    pub const fn takes_texts(self) -> bool {
        matches!(self, Self::Mobile | Self::CrownDependency | Self::ForeignMobile | Self::Drama)
    }
}

/// What a text says when it is read as a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberReading {
    /// The number, if it is one in full.
    pub phone: Option<Phone>,
    /// Its kind.
    pub kind: NumberKind,
    /// Why no text can go to it.
    pub error: Option<AddressError>,
}

impl Phone {
    /// Reads a number and tells its kind, whether or not it takes texts.
    pub fn read(text: &str) -> NumberReading {
        let bare: String = text.trim().chars().filter(|c| !c.is_whitespace()).collect();
        let refused = |kind, error| NumberReading { phone: None, kind, error: Some(error) };
        let digits: String = bare.chars().filter(char::is_ascii_digit).collect();
        if bare.is_empty() {
            return refused(NumberKind::Invalid, AddressError::Empty);
        }
        if bare == digits && (matches!(bare.as_str(), "999" | "112" | "911" | "101" | "111" | "105" | "119" | "123" | "18000" | "18001" | "116123")) {
            return refused(NumberKind::Emergency, AddressError::ShortNumber);
        }
        if bare == digits && (3..7).contains(&digits.len()) {
            return refused(NumberKind::ShortCode, AddressError::ShortNumber);
        }
        match Self::parse(text) {
            Ok(phone) => {
                let kind = phone.kind();
                let error = (!kind.takes_texts()).then_some(AddressError::NotMobile);
                NumberReading { phone: Some(phone), kind, error }
            }
            Err(_) if bare.chars().any(char::is_alphabetic) && bare.chars().count() <= 11 && digits.len() < 7 => {
                refused(NumberKind::Alphanumeric, AddressError::Name)
            }
            Err(error) => refused(NumberKind::Invalid, error),
        }
    }

    /// What kind of number it is.
    pub fn kind(&self) -> NumberKind {
        if self.is_drama() {
            return NumberKind::Drama;
        }
        let Ok(number) = PHONE_NUMBER_UTIL.parse(&self.0, Some(Region::GB)) else { return NumberKind::Invalid };
        // By country code: the library puts 07624 and others under regions of their own.
        let british = self.0.starts_with("+44");
        match PHONE_NUMBER_UTIL.get_number_type(&number) {
            PhoneNumberType::Mobile | PhoneNumberType::FixedLineOrMobile if !british => NumberKind::ForeignMobile,
            PhoneNumberType::Mobile | PhoneNumberType::FixedLineOrMobile => match PHONE_NUMBER_UTIL.get_region_for_number(&number) {
                Some(Region::GB) | None => NumberKind::Mobile,
                Some(_) => NumberKind::CrownDependency,
            },
            PhoneNumberType::FixedLine | PhoneNumberType::UAN => NumberKind::FixedLine,
            PhoneNumberType::PersonalNumber => NumberKind::Personal,
            PhoneNumberType::Pager => NumberKind::Pager,
            PhoneNumberType::PremiumRate | PhoneNumberType::SharedCost => NumberKind::Premium,
            PhoneNumberType::TollFree => NumberKind::Freephone,
            PhoneNumberType::VoIP => NumberKind::Voip,
            _ => NumberKind::Unknown,
        }
    }

    /// The number in E.164.
    pub fn e164(&self) -> &str {
        &self.0
    }

    /// Reads a number as people and providers write it, with the United Kingdom as the home region.
    ///
    /// Any possible number is taken (a witness may text from abroad or from a landline that texts); short codes and
    /// alphanumeric senders are not, since a reply can never reach them.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Err(AddressError::Empty);
        }
        let digits = trimmed.chars().filter(char::is_ascii_digit).count();
        if digits < 7 {
            return Err(if digits >= 3 { AddressError::ShortNumber } else { AddressError::NotANumber });
        }
        if trimmed.chars().any(char::is_alphabetic) {
            return Err(AddressError::NotANumber);
        }
        // Notify, Vonage, Plivo and Sinch leave the + out of numbers that carry a country code.
        let text = if trimmed.starts_with("44") && digits == 12 { format!("+{trimmed}") } else { trimmed.to_owned() };
        let number = PHONE_NUMBER_UTIL.parse(&text, Some(Region::GB)).map_err(|_| AddressError::NotANumber)?;
        if !PHONE_NUMBER_UTIL.is_possible_number(&number) {
            return Err(AddressError::NotANumber);
        }
        Ok(Self(PHONE_NUMBER_UTIL.format(&number, PhoneNumberFormat::E164).into_owned()))
    }

    /// A number that can take texts: a mobile, or Ofcom's drama range, which is used wherever sending is simulated.
    pub fn parse_mobile(text: &str) -> Result<Self, AddressError> {
        let phone = Self::parse(text)?;
        if phone.kind().takes_texts() { Ok(phone) } else { Err(AddressError::NotMobile) }
    }

    /// The same where people sign up: numbers of films only where no text leaves the machine.
    pub fn parse_textable(text: &str, simulated: bool) -> Result<Self, AddressError> {
        let phone = Self::parse_mobile(text)?;
        if phone.is_drama() && !simulated { Err(AddressError::Drama) } else { Ok(phone) }
    }

    /// Ofcom's range for drama, 07700 900000 to 900999: never a live person.
    pub fn is_drama(&self) -> bool {
        self.0.strip_prefix("+447700900").is_some_and(|rest| rest.len() == 3)
    }

    /// For people: `07700 900123` for UK numbers, international form for others.
    pub fn display(&self) -> String {
        display_number(&self.0)
    }
}

/// A stored E.164 number for people to read.
pub fn display_number(e164: &str) -> String {
    match e164.strip_prefix("+44") {
        Some(rest) if rest.len() == 10 => format!("0{} {}", rest.get(..4).unwrap_or(rest), rest.get(4..).unwrap_or("")),
        _ => e164.to_owned(),
    }
}

impl Email {
    /// The address as it is written to.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads an address: one @, a dotted domain, nothing that could break out of a header.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let text = text.trim().trim_start_matches('<').trim_end_matches('>');
        let (local, domain) = text.rsplit_once('@').ok_or(AddressError::NotAnEmail)?;
        let sound = !local.is_empty()
            && local.len() <= 64
            && domain.len() <= 253
            && domain.contains('.')
            && !domain.starts_with(['.', '-'])
            && !domain.ends_with('.')
            && !domain.contains("..")
            && domain.chars().all(|c| c.is_alphanumeric() || c == '.' || c == '-')
            && !local.chars().any(|c| c.is_whitespace() || c.is_control() || "<>()[],;:\\\"@".contains(c));
        if !sound || local.starts_with('.') || local.ends_with('.') || local.contains("..") {
            return Err(AddressError::NotAnEmail);
        }
        Ok(Self(format!("{local}@{}", domain.to_lowercase())))
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Address({})", self.kind())
    }
}
impl std::fmt::Debug for Phone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Phone(…)")
    }
}
impl std::fmt::Debug for Email {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Email(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_within_words_are_masked() {
        for (text, expected) in [
            ("550 5.1.1 <bob@example.org>: no such user", "550 5.1.1 <b…@example.org>: no such user"),
            ("The number +447700900150 is not reachable", "The number a number ending 0150 is not reachable"),
            ("Error 30005 at 12:00", "Error 30005 at 12:00"),
        ] {
            assert_eq!(masked_in(text), expected);
        }
    }

    #[test]
    fn numbers_are_read_as_people_and_providers_write_them() {
        for text in ["07700 900123", "+44 7700 900123", "+44 (0)7700 900123", "0044 7700 900123", "447700900123", " (07700) 900-123 "] {
            assert_eq!(Phone::parse_mobile(text).unwrap().e164(), "+447700900123", "{text}");
        }
    }

    #[test]
    fn short_codes_words_and_landlines_are_refused() {
        assert_eq!(Phone::parse("61016"), Err(AddressError::ShortNumber));
        assert_eq!(Phone::parse("999"), Err(AddressError::ShortNumber));
        assert_eq!(Phone::parse("PoliceAlert"), Err(AddressError::NotANumber));
        assert_eq!(Phone::parse_mobile("01332 290111"), Err(AddressError::NotMobile));
    }

    #[test]
    fn e_mail_addresses_keep_their_local_part_and_match_in_any_case() {
        let (a, b) = (Email::parse("Jo.Bloggs@Example.ORG").unwrap(), Email::parse("jo.bloggs@example.org").unwrap());
        assert_eq!(a.as_str(), "Jo.Bloggs@example.org");
        assert_eq!(Address::Email(a).match_key(b"k"), Address::Email(b).match_key(b"k"));
        for bad in ["", "a", "a@b", "a@b..c", "a b@c.d", "a@c.d\r\nBcc: x@y.z", ".a@b.c", "a.@b.c"] {
            assert!(Email::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn nothing_is_revealed_by_debug_or_mask() {
        let address = Address::parse("07700 900123").unwrap();
        assert!(!format!("{address:?}").contains("900123"));
        assert_eq!(address.masked(), "a number ending 0123");
        assert_eq!(mask("jo@example.org"), "j…@example.org");
    }
}
