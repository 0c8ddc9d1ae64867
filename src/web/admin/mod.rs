//! Administrators' pages: accounts, teams, areas, groups, keys, channels, the audit log, and what could not be understood.

pub mod areas;
pub mod audit;
pub mod channels;
pub mod groups;
pub mod keys;
pub mod officer;
pub mod officers;
pub mod parked;
pub mod people;
pub mod retention;
pub mod teams;

use crate::domain::officer::Role;
use crate::web::error::AppError;
use crate::web::extract::Officer;

/// Only administrators open these.
fn may_administer(officer: &Officer) -> Result<(), AppError> {
    officer.require(Role::administers)
}

/// A choice in a list, chosen or not.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) label: String,
    pub(crate) chosen: bool,
}

impl Choice {
    fn new(value: &str, label: &str, chosen: &str) -> Self {
        Self { value: value.to_owned(), label: label.to_owned(), chosen: value == chosen }
    }
}

/// A role for people.
pub(crate) fn role_in_words(role: &str) -> &'static str {
    match role.parse() {
        Ok(Role::Officer) => "Officer",
        Ok(Role::Supervisor) => "Supervisor",
        Ok(Role::DutyDesk) => "Duty desk",
        Ok(Role::Press) => "Press",
        Ok(Role::Admin) => "Administrator",
        Err(_) => "Unknown",
    }
}

/// Every role to choose from.
pub(crate) fn roles(chosen: &str) -> Vec<Choice> {
    Role::ALL.iter().map(|role| Choice::new(role.as_str(), role_in_words(role.as_str()), chosen)).collect()
}

/// The value of a key in the query.
pub(crate) fn query(request: &actix_web::HttpRequest, name: &str) -> String {
    form_urlencoded::parse(request.query_string().as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
}
