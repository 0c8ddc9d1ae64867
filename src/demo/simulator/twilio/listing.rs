//! `GET …/Messages.json` and `GET …/Messages/{sid}.json`: the gateway asks what became of a text.
//!
//! Owns: filters, order (newest first) and paging. Must not: change anything.
//! Data: from the ledger's texts; JSON out.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;

use super::super::carrier::Why;
use super::super::ledger::texts::{Direction, Text};
use super::super::world::World;
use super::{Twilio, wire};

const DEFAULT_PAGE: usize = 50;
const MAX_PAGE: usize = 1000;

#[derive(Debug, Default)]
struct Filter {
    to: Option<String>,
    from: Option<String>,
    since: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
    page: usize,
    page_size: usize,
}

/// One text.
pub(super) async fn fetch(world: web::Data<World>, own: web::Data<Twilio>, path: web::Path<(String, String)>, http: HttpRequest) -> HttpResponse {
    let (account, sid) = path.into_inner();
    if !own.knows(&http) {
        return wire::fault(Why::Unauthorised).response();
    }
    let text = world.ledger(|ledger| ledger.texts.by_sid(&sid).cloned());
    text.map_or_else(|| wire::not_found().response(), |text| HttpResponse::Ok().json(wire::message(&account, &text)))
}

/// Texts that match, newest first.
pub(super) async fn list(world: web::Data<World>, own: web::Data<Twilio>, account: web::Path<String>, http: HttpRequest) -> HttpResponse {
    if !own.knows(&http) {
        return wire::fault(Why::Unauthorised).response();
    }
    let filter = read(http.query_string());
    let mut found = world.ledger(|ledger| {
        // Only a number outside the pool is a phone; its texts are few and found at once.
        let phone = [&filter.to, &filter.from].into_iter().flatten().find(|number| !world.settings.numbers.contains(number));
        match phone {
            Some(phone) => page(ledger.texts.of_phone(phone).rev(), &filter),
            None => page(ledger.texts.newest(), &filter),
        }
    });
    let more = found.len() > filter.page_size;
    found.truncate(filter.page_size);
    let messages: Vec<_> = found.iter().map(|text| wire::message(&account, text)).collect();
    let uri = |page: usize| format!("{}?{}", http.path(), with_page(http.query_string(), page));
    HttpResponse::Ok().json(json!({
        "messages": messages,
        "page": filter.page,
        "page_size": filter.page_size,
        "first_page_uri": uri(0),
        "previous_page_uri": filter.page.checked_sub(1).map(uri),
        "next_page_uri": more.then(|| uri(filter.page + 1)),
        "uri": uri(filter.page),
    }))
}

fn page<'a>(texts: impl Iterator<Item = &'a Text>, filter: &Filter) -> Vec<Text> {
    let skip = filter.page.saturating_mul(filter.page_size);
    texts.filter(|text| filter.admits(text)).skip(skip).take(filter.page_size + 1).cloned().collect()
}

fn with_page(query: &str, page: usize) -> String {
    let others = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key != "Page");
    form_urlencoded::Serializer::new(String::new()).extend_pairs(others).append_pair("Page", &page.to_string()).finish()
}

fn read(query: &str) -> Filter {
    let mut filter = Filter { page_size: DEFAULT_PAGE, ..Filter::default() };
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        match key.as_ref() {
            "To" => filter.to = Some(value.into_owned()),
            "From" => filter.from = Some(value.into_owned()),
            "DateSent" => {
                filter.since = start_of(&value);
                filter.until = end_of(&value);
            }
            // "DateSent>=2026-01-31" splits at the equals sign.
            "DateSent>" | "DateSentAfter" => filter.since = start_of(&value),
            "DateSent<" | "DateSentBefore" => filter.until = end_of(&value),
            "Page" => filter.page = value.parse().unwrap_or(0),
            "PageSize" => filter.page_size = value.parse().unwrap_or(DEFAULT_PAGE).clamp(1, MAX_PAGE),
            _ => {}
        }
    }
    filter
}

fn start_of(value: &str) -> Option<DateTime<Utc>> {
    moment(value).or_else(|| Some(day(value)?.and_hms_opt(0, 0, 0)?.and_utc()))
}

fn end_of(value: &str) -> Option<DateTime<Utc>> {
    moment(value).or_else(|| Some(day(value)?.succ_opt()?.and_hms_opt(0, 0, 0)?.and_utc()))
}

fn moment(value: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(value).ok().map(|at| at.to_utc())
}

fn day(value: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(value, "%Y-%m-%d").ok()
}

impl Filter {
    fn admits(&self, text: &Text) -> bool {
        let (to, from) = match text.direction {
            Direction::In => (&text.phone, &text.ours),
            Direction::Out => (&text.ours, &text.phone),
        };
        self.to.as_ref().is_none_or(|wanted| wanted == to)
            && self.from.as_ref().is_none_or(|wanted| wanted == from)
            && self.since.is_none_or(|since| text.at >= since)
            && self.until.is_none_or(|until| text.at <= until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_dates_as_days_or_moments() {
        let filter = read("To=%2B447700900123&DateSent%3E=2026-01-31&DateSent<=2026-02-01T10:00:00Z&PageSize=5000");
        assert_eq!(filter.to.as_deref(), Some("+447700900123"));
        assert_eq!(filter.since.map(|at| at.to_rfc3339()), Some("2026-01-31T00:00:00+00:00".to_owned()));
        assert_eq!(filter.until.map(|at| at.to_rfc3339()), Some("2026-02-01T10:00:00+00:00".to_owned()));
        assert_eq!(filter.page_size, MAX_PAGE);
    }
}
