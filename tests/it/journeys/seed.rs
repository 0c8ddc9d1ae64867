//! The demonstration's start: everything is there after the first planting, and a second one changes nothing.

use std::collections::HashSet;

use huecry::app::App;
use huecry::config::{Config, Keyring};
use huecry::demo::seed;
use huecry::domain::Phone;
use huecry::store::views::audience;
use huecry::store::{accounts, places};

on_both!(the_demonstration_is_planted_once, async |db| {
    let folder = db.folder().display();
    let config = format!("[database]\nurl = \"{}\"\n[files]\ndir = \"{folder}/files\"\n[security]\nkeyring = \"{folder}/keyring.json\"\n", db.url);
    let app = App::with_keyring(Config::from_toml(&config).unwrap(), Keyring::fixed()).await.unwrap();
    let started = std::time::Instant::now();
    let planted = seed::plant(&app).await.unwrap();
    let first_ms = started.elapsed().as_millis();
    let started = std::time::Instant::now();
    let again = seed::plant(&app).await.unwrap();
    println!("planted in {first_ms} ms, read back in {} ms", started.elapsed().as_millis());

    assert_eq!((planted.residents, planted.people.len(), planted.officers.len()), (seed::RESIDENTS, seed::RESIDENTS, 27));
    assert_eq!((again.residents, &again.people, &again.officers), (planted.residents, &planted.people, &planted.officers));

    let phones: Vec<_> = planted.people.iter().filter_map(|person| person.phone.as_deref()).collect();
    assert!(phones.iter().all(|phone| Phone::parse(phone).unwrap().is_drama() && *phone < "+447700900980"));
    assert_eq!(phones.iter().collect::<HashSet<_>>().len(), phones.len());
    assert!(planted.people.iter().all(|person| person.phone.is_some() || person.email.as_ref().is_some_and(|email| email.ends_with("@example.org"))));
    let none = planted.people.iter().filter(|person| person.groups.is_empty()).count();
    assert!((550..750).contains(&none), "{none} chose no group");
    assert!(planted.people.iter().all(|person| person.place.contains(", ")));

    let mut conn = app.read().await.unwrap();
    let areas = places::list_areas(&mut conn).await.unwrap();
    let count = |kind: &str| areas.iter().filter(|area| area.kind == kind).count();
    assert_eq!((count("district"), count("sector")), (9, 199));
    assert_eq!(places::list_postcodes(&mut conn).await.unwrap().len(), 44_048);
    assert_eq!(accounts::list_teams(&mut conn).await.unwrap().len(), 9);
    for (email, role) in [("press@derbyshire.example", "press"), ("admin@derbyshire.example", "admin")] {
        assert_eq!(accounts::find_officer_by_email(&mut conn, email).await.unwrap().unwrap().role, role);
    }

    // Each reason for leaving somebody out is there to be seen.
    let districts: Vec<_> = areas.iter().filter(|area| area.kind == "district").map(|area| area.id).collect();
    let wanted = audience::Wanted { areas: districts, mark: i64::MAX, ..audience::Wanted::default() };
    let found = audience::list(&mut conn, &wanted, 0, 10_000).await.unwrap();
    for (what, several) in [
        ("switched off", found.iter().filter(|row| !row.enabled).count()),
        ("unconfirmed", found.iter().filter(|row| !row.verified).count()),
        ("suppressed", found.iter().filter(|row| row.suppressed).count()),
        ("bad", found.iter().filter(|row| row.bad).count()),
    ] {
        assert!((5..150).contains(&several), "{several} are {what}");
    }
});
