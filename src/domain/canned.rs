//! `[pure]` Canned answers: words with fields in braces, and what is filled in for them.

/// What can be filled in, as it is written between braces.
pub const FIELDS: [&str; 5] = ["name", "reference", "alert title", "officer", "team"];

/// What is filled in.
#[derive(Clone, Debug, Default)]
pub struct Values {
    /// Whom we answer; empty for somebody of whom we know no name.
    pub name: String,
    /// The alert's reference.
    pub reference: String,
    /// The alert's title.
    pub title: String,
    /// Who answers.
    pub officer: String,
    /// Their team.
    pub team: String,
}

/// Finds the first thing to mend in the words: a field that nobody knows, or a brace without its partner.
pub fn check(body: &str) -> Result<(), String> {
    let mut rest = body;
    while let Some(at) = rest.find(['{', '}']) {
        let (_, found) = rest.split_at(at);
        let Some(inner) = found.strip_prefix('{') else { return Err("There is a } without its {".to_owned()) };
        let Some((field, after)) = inner.split_once('}') else { return Err("There is a { without its }".to_owned()) };
        if !FIELDS.contains(&field) {
            let known: Vec<String> = FIELDS.iter().map(|field| format!("{{{field}}}")).collect();
            return Err(format!("{{{field}}} is no field. There are {}", known.join(", ")));
        }
        rest = after;
    }
    Ok(())
}

/// The words with their fields filled in. Somebody without a name is greeted without one.
pub fn fill(body: &str, values: &Values) -> String {
    let reference = if values.reference.is_empty() { "our alert" } else { &values.reference };
    let title = if values.title.is_empty() { "our alert" } else { &values.title };
    let mut text = body.to_owned();
    if values.name.is_empty() {
        text = text.replace(" {name}", "").replace("{name}", "");
    }
    for (field, value) in
        [("name", values.name.as_str()), ("reference", reference), ("alert title", title), ("officer", &values.officer), ("team", &values.team)]
    {
        text = text.replace(&format!("{{{field}}}"), value);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_filled_and_an_unknown_one_is_found() {
        let body = "Hello {name}, thank you for {alert title} ({reference}). {officer}, {team}";
        assert_eq!(check(body), Ok(()));
        let values = Values { name: "Ann".into(), reference: "K7Q2M".into(), title: "White van".into(), officer: "PC Doe".into(), team: "Dales".into() };
        assert_eq!(fill(body, &values), "Hello Ann, thank you for White van (K7Q2M). PC Doe, Dales");
        assert_eq!(fill("Hello {name}, about {reference}", &Values::default()), "Hello, about our alert");
        for (bad, found) in [("{nmae}", "{nmae}"), ("a { b", "without its }"), ("a } b", "without its {"), ("{Name}", "{Name}")] {
            assert!(check(bad).unwrap_err().contains(found), "{bad}");
        }
    }
}
