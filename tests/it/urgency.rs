//! Every line of `fixtures/texts/urgency.jsonl`, read as `huecry inspect urgency` reads it and held against its label; and each
//! sign and each trap by name.
//!
//! Whoever is in danger must be seen at once, and officers must not be worn out by alarms: both are shares, held here so that
//! neither can worsen unseen. How the reader does on lines that it has not learned from, `examples/learn_urgency.rs` prints.

use std::collections::BTreeMap;

use huecry::domain::place::Urgency;
use huecry::inbound::classify::urgency::{About, SignKind, assess, assess_by};
use proptest::prelude::*;
use serde_json::Value;

const MISSING: About<'_> = About {
    kind: "missing_person",
    alert_text: "MISSING: Have you seen Arthur, 81, from Belper? He has dementia and left home on Field Lane last night. Blue anorak.",
    places: &[],
};
const WANTED: About<'_> =
    About { kind: "appeal", alert_text: "WANTED: a man of 30 is wanted for a serious assault in Ripley. Do not approach him.", places: &[] };
const TRAY: About<'_> = About { kind: "", alert_text: "", places: &[] };

fn urgency(text: &str, about: &About<'_>) -> Urgency {
    assess(text, about).urgency
}

#[test]
fn who_is_in_danger_is_seen_and_few_others_raise_the_alarm() {
    let lines = std::fs::read_to_string(crate::support::checkout().join("fixtures/texts/urgency.jsonl")).unwrap();
    let mut out = Vec::new();
    assert_eq!(huecry::inspect::urgency::run(lines.as_bytes(), &mut out).unwrap(), 0);
    let told = String::from_utf8(out).unwrap();
    let mut shares: BTreeMap<(String, bool), (usize, usize)> = BTreeMap::new();
    for (line, told) in lines.lines().zip(told.lines()) {
        let (line, told): (Value, Value) = (serde_json::from_str(line).unwrap(), serde_json::from_str(told).unwrap());
        assert_eq!(line["id"], told["id"]);
        let is_life = told["urgency"] == "life";
        assert!(!is_life || !told["signs"].as_array().unwrap().is_empty(), "no words say why: {line}");
        let (life, all) = shares.entry((line["half"].as_str().unwrap().to_owned(), line["life_at_risk"].as_bool().unwrap())).or_default();
        *life += usize::from(is_life);
        *all += 1;
    }
    for ((half, danger), (life, all)) in shares {
        assert!(all > 150, "{half}: {all} lines");
        if danger {
            assert!(life * 1000 >= all * 980, "{half}: only {life} of {all} in danger are seen");
        } else {
            assert!(life * 1000 <= all * 60, "{half}: {life} of {all} others raise the alarm");
        }
    }
}

#[test]
fn each_kind_of_danger_is_heard() {
    for text in [
        "help",
        "hes here",
        "he's got a knife",
        "she's not breathing",
        "ive took all my tablets",
        "I don't want to be here any more. Tell the kids I love them",
        "our house is on fire",
        "there's a lad drowning in the canal by the lock",
        "two cars head on just now on the bypass, driver trapped",
        "someone is in my house, I'm hiding upstairs",
        "he says he'll kill me if I leave",
        "toddler on her own walking along the main road",
        "a man has just pulled a little girl into a van",
        "pretend you are the dentist, he's in the next room",
        "cant breeeathe",
        "shes unconsious",
        "we're going round to his now, me and the lads, he'll get what's coming",
        "hasn't had her insulin since yesterday",
        "Mae rhywun yn boddi yn yr afon, dewch yn gyflym",
        "pomocy on ma noz",
    ] {
        assert_eq!(urgency(text, &TRAY), Urgency::Life, "{text}");
    }
}

#[test]
fn what_only_sounds_like_danger_is_none() {
    for text in [
        "Traffic is murder on that road",
        "I'd kill for a parking space",
        "We were burgled in 2009 and he had a knife with him",
        "Great shot of the van attached",
        "Forest got slaughtered on Saturday",
        "The fire station open day was brilliant, thank you",
        "I was frightened to death when I saw the bill",
        "no weapon seen and nobody hurt",
        "Do you have a leaflet about knife crime?",
        "Thanks for the update",
        "She is home safe now, thank you all",
        "Reservoir Dogs is on again tonight",
        "We live on Gun Lane, is that in the area?",
        "Diolch, welais i neb",
        "STOP",
    ] {
        assert_ne!(urgency(text, &TRAY), Urgency::Life, "{text}");
    }
}

#[test]
fn the_same_words_weigh_more_where_an_alert_asks_for_somebody() {
    for (text, about, expected) in [
        ("he's sat on the bench outside the chemist in Belper", &MISSING, true),
        ("Arthur is in our cafe now", &MISSING, true),
        ("saw him three weeks ago at bingo", &MISSING, false),
        ("not seen him sorry", &MISSING, false),
        ("he is home safe", &MISSING, false),
        ("hes at the bar in the Red Lion right now", &WANTED, true),
        ("I went to school with him", &WANTED, false),
    ] {
        assert_eq!(urgency(text, about) == Urgency::Life, expected, "{text}");
    }
}

#[test]
fn the_words_that_fired_stand_in_the_text_where_they_are_said_to() {
    let text = "Hello — he’s got  a KNIFE, on Field Lane!";
    let assessment = assess(text, &MISSING);
    let said: Vec<_> = assessment.signs.iter().map(|sign| (sign.kind, sign.said.as_str())).collect();
    assert!(said.iter().any(|(kind, said)| *kind == SignKind::Weapon && said.contains("KNIFE")), "{said:?}");
    assert!(said.contains(&(SignKind::NearScene, "Field")), "{said:?}");
    for sign in &assessment.signs {
        assert_eq!(&text[sign.start..sign.end], sign.said);
    }
    assert!(assess("Thanks, all fine here", &TRAY).signs.is_empty());
}

#[test]
fn a_place_given_beside_the_alert_is_near() {
    let about = About { places: &["Mill Lane"], ..TRAY };
    assert!(assess("fight with knives on Mill Lane now", &about).signs.iter().any(|sign| sign.kind == SignKind::NearScene && sign.said == "Mill Lane"));
}

proptest! {
    #[test]
    fn no_text_breaks_it_and_the_same_text_reads_the_same(text in any::<String>(), alert in any::<String>(), cut in "[a-zA-Zŵé'’.!? 🔪🆘\\n]{0,300}") {
        for text in [&text, &cut] {
            let about = About { kind: "appeal", alert_text: &alert, places: &[&alert, ""] };
            let first = assess(text, &about);
            prop_assert_eq!(&first, &assess(text, &about));
            assess_by(text, &about, None);
            for sign in first.signs {
                prop_assert_eq!(text.get(sign.start..sign.end), Some(sign.said.as_str()));
            }
        }
    }
}

#[test]
fn long_mail_is_read_in_no_time() {
    let text = "he was on the phone and she said that nobody had been there and the dog was loose again ".repeat(2_000);
    assess("warm", &TRAY);
    let began = std::time::Instant::now();
    for _ in 0..10 {
        assess(&text, &TRAY);
    }
    // Ten of the longest that is read; unoptimised, on a busy machine.
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
}
