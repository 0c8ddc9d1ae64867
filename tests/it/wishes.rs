//! Every text of `fixtures/texts/wishes.jsonl`, read as `huecry inspect sms` reads it and held against its label.
//!
//! Nobody who reports something may be silenced: not one text that is labelled a message may count as an opt-out. What of the
//! others may be read otherwise is a share, held here so that it cannot grow unseen.

use std::collections::BTreeMap;

use serde_json::Value;

fn labelled() -> Vec<Value> {
    let lines = std::fs::read_to_string(crate::support::checkout().join("fixtures/texts/wishes.jsonl")).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn read(lines: &[Value]) -> BTreeMap<String, Value> {
    let input = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    let mut out = Vec::new();
    assert_eq!(huecry::inspect::sms::texts(input.as_bytes(), &mut out).unwrap(), 0);
    let told = String::from_utf8(out).unwrap();
    told.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).map(|told| (told["id"].as_str().unwrap().to_owned(), told)).collect()
}

#[test]
fn no_report_is_taken_for_a_farewell_and_hardly_a_farewell_is_missed() {
    let lines = labelled();
    let told = read(&lines);
    let of = |class: &str| lines.iter().filter(|line| line["class"] == class).collect::<Vec<_>>();
    let is = |line: &Value, class: &str| told[line["id"].as_str().unwrap()]["class"] == class;
    let share = |lines: &[&Value], class: &str| lines.iter().filter(|line| is(line, class)).count() * 1000 / lines.len();
    let silenced: Vec<_> = of("message").into_iter().filter(|line| is(line, "opt_out")).map(|line| line["text"].clone()).collect();
    assert!(silenced.is_empty(), "silenced: {silenced:#?}");
    let farewells = of("opt_out");
    assert!(lines.len() >= 600 && of("message").len() >= 250);
    assert!(share(&farewells, "opt_out") >= 960, "{} per mille of {} farewells", share(&farewells, "opt_out"), farewells.len());
    // What is not certain is read by an officer, and the person is asked.
    let missed = farewells.iter().filter(|line| is(line, "message")).count();
    assert!(missed * 100 <= farewells.len(), "{missed} of {} farewells are not even asked about", farewells.len());
    let others: Vec<_> = lines.iter().filter(|line| line["class"] != "opt_out").collect();
    assert!(share(&others, "opt_out") <= 10, "{} per mille of what is no farewell", share(&others, "opt_out"));
    for (class, least) in [("opt_in", 800), ("help", 800), ("wrong_number", 880), ("message", 970)] {
        assert!(share(&of(class), class) >= least, "{class}: {} per mille", share(&of(class), class));
    }
}

#[test]
fn numbers_are_told_with_their_kind() {
    for (number, e164, kind) in [
        ("07700 900123", Some("+447700900123"), "drama"),
        ("+44 (0)7712 345678", Some("+447712345678"), "mobile"),
        ("07624 818901", Some("+447624818901"), "crown_dependency"),
        ("01332 290111", Some("+441332290111"), "fixed_line"),
        ("070 1234 5678", Some("+447012345678"), "personal"),
        ("0800 123 4567", Some("+448001234567"), "freephone"),
        ("0906 123 4567", Some("+449061234567"), "premium"),
        ("999", None, "emergency"),
        ("61016", None, "short_code"),
        ("DerbysAlert", None, "alphanumeric"),
        ("", None, "invalid"),
        ("07O0900123", None, "invalid"),
    ] {
        let mut out = Vec::new();
        huecry::inspect::sms::numbers(serde_json::json!({ "id": 1, "number": number }).to_string().as_bytes(), &mut out).unwrap();
        let told: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!((told["e164"].as_str(), told["kind"].as_str()), (e164, Some(kind)), "{number}: {told}");
        assert_eq!(told["error"].is_null(), matches!(kind, "drama" | "mobile" | "crown_dependency"), "{number}: {told}");
    }
}

#[test]
fn a_line_that_cannot_be_read_is_told_in_plain_words() {
    for (line, said) in [
        ("STOP", "this line is not JSON"),
        ("[1]", "not an object"),
        (r#"{"text": "STOP"}"#, "there is no \"id\""),
        (r#"{"id": 1}"#, "there is no \"text\""),
        (r#"{"id": 1, "text": 5}"#, "put it into quotation marks"),
    ] {
        let mut out = Vec::new();
        assert_eq!(huecry::inspect::sms::texts(line.as_bytes(), &mut out).unwrap(), 1);
        let told: Value = serde_json::from_slice(&out).unwrap();
        let error = told["error"].as_str().unwrap();
        assert!(told["line"] == 1 && error.contains(said) && !error.contains("column") && !error.contains("expected"), "{line}: {error}");
    }
}
