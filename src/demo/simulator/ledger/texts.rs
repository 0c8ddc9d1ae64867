//! Texts in the order they happened, found by sid or by phone without searching.
//!
//! Owns: the bound on texts. Must not: know how a text travels.
//! Data: from the REST interface and people's answers; to phones' pages and the provider's message list.

use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, Utc};

/// Past this the oldest text is dropped.
const MAX_TEXTS: usize = 200_000;

/// Which way it went, as the person sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// The person received it.
    In,
    /// The person sent it.
    Out,
}

/// How far a text has come, in the provider's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carriage {
    Queued,
    Sent,
    Delivered,
    Undelivered,
    Received,
}

/// One text.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    pub(crate) sid: String,
    pub(crate) direction: Direction,
    /// The person's number.
    pub(crate) phone: String,
    /// The gateway's number.
    pub(crate) ours: String,
    pub(crate) body: String,
    /// What the gateway calls it, where the vendor takes such a word.
    pub(crate) reference: String,
    pub(crate) at: DateTime<Utc>,
    pub(crate) carriage: Carriage,
    pub(crate) webhook: super::Webhook,
}

/// See the module's own words. A text's place is `first` plus its index in `order`.
#[derive(Default)]
pub(crate) struct Texts {
    order: VecDeque<Text>,
    first: u64,
    by_sid: HashMap<String, u64>,
    by_phone: HashMap<String, VecDeque<u64>>,
}

impl Texts {
    /// Keeps a text. Gives the phone that has none left, when the oldest had to go.
    pub(crate) fn add(&mut self, text: Text) -> Option<String> {
        let place = self.first + u64::try_from(self.order.len()).unwrap_or(u64::MAX);
        self.by_sid.insert(text.sid.clone(), place);
        self.by_phone.entry(text.phone.clone()).or_default().push_back(place);
        self.order.push_back(text);
        if self.order.len() > MAX_TEXTS { self.drop_oldest() } else { None }
    }

    fn drop_oldest(&mut self) -> Option<String> {
        let gone = self.order.pop_front()?;
        self.first += 1;
        self.by_sid.remove(&gone.sid);
        let places = self.by_phone.get_mut(&gone.phone)?;
        places.pop_front();
        if !places.is_empty() {
            return None;
        }
        self.by_phone.remove(&gone.phone);
        Some(gone.phone)
    }

    /// One text by its sid.
    pub(crate) fn by_sid(&self, sid: &str) -> Option<&Text> {
        self.at(*self.by_sid.get(sid)?)
    }

    /// One text by its sid, to change it.
    pub(crate) fn by_sid_mut(&mut self, sid: &str) -> Option<&mut Text> {
        let index = self.by_sid.get(sid)?.checked_sub(self.first)?;
        self.order.get_mut(usize::try_from(index).ok()?)
    }

    /// A phone's texts, oldest first.
    pub(crate) fn of_phone(&self, phone: &str) -> impl DoubleEndedIterator<Item = &Text> {
        self.by_phone.get(phone).into_iter().flatten().filter_map(|place| self.at(*place))
    }

    /// How many texts a phone holds.
    pub(crate) fn count(&self, phone: &str) -> usize {
        self.by_phone.get(phone).map_or(0, VecDeque::len)
    }

    /// All texts, newest first.
    pub(crate) fn newest(&self) -> impl Iterator<Item = &Text> {
        self.order.iter().rev()
    }

    fn at(&self, place: u64) -> Option<&Text> {
        self.order.get(usize::try_from(place.checked_sub(self.first)?).ok()?)
    }
}

impl Carriage {
    /// The provider's word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Undelivered => "undelivered",
            Self::Received => "received",
        }
    }
}

impl Direction {
    /// The word the JSON interface and the pages use.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(n: usize, phone: &str) -> Text {
        Text {
            sid: format!("SM{n}"),
            direction: Direction::In,
            phone: phone.to_owned(),
            ours: "+447860000001".to_owned(),
            body: n.to_string(),
            reference: String::new(),
            at: DateTime::UNIX_EPOCH,
            carriage: Carriage::Queued,
            webhook: super::super::Webhook::NotAsked,
        }
    }

    #[test]
    fn the_oldest_goes_first_and_look_ups_stay_right() {
        let mut texts = Texts::default();
        assert_eq!(texts.add(text(0, "+441")), None);
        for n in 1..MAX_TEXTS {
            texts.add(text(n, "+442"));
        }
        assert_eq!(texts.add(text(MAX_TEXTS, "+442")), Some("+441".to_owned()));
        assert!(texts.by_sid("SM0").is_none());
        assert_eq!(texts.by_sid("SM1").map(|t| t.body.as_str()), Some("1"));
        assert_eq!(texts.by_sid_mut(&format!("SM{MAX_TEXTS}")).map(|t| t.body.clone()), Some(MAX_TEXTS.to_string()));
        assert_eq!(texts.count("+442"), MAX_TEXTS);
        assert_eq!(texts.of_phone("+442").next().map(|t| t.sid.as_str()), Some("SM1"));
    }
}
