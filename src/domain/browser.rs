//! `[pure]` A browser in two words, for the list of somebody's sessions. The whole `User-Agent` is not kept: it tells people
//! apart better than the list needs.

/// `Firefox on Windows`; parts that are not recognised are left out.
pub fn family(user_agent: &str) -> String {
    let has = |word: &str| user_agent.contains(word);
    // In this order: later ones stand in earlier ones' texts too.
    let names =
        [("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox/", "Firefox"), ("FxiOS", "Firefox"), ("CriOS", "Chrome")];
    let names = names.into_iter().chain([("Chrome/", "Chrome"), ("Safari/", "Safari"), ("curl/", "curl")]);
    let systems = [
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ];
    let name = names.into_iter().find(|(mark, _)| has(mark)).map(|(_, name)| name);
    let system = systems.into_iter().find(|(mark, _)| has(mark)).map(|(_, name)| name);
    match (name, system) {
        (Some(name), Some(system)) => format!("{name} on {system}"),
        (Some(only), None) | (None, Some(only)) => only.to_owned(),
        (None, None) => "A browser we do not know".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::family;

    #[test]
    fn browsers_are_told_apart_though_each_names_the_others() {
        for (text, expected) in [
            ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0", "Edge on Windows"),
            ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0", "Firefox on Windows"),
            ("Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36", "Chrome on Android"),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15", "Safari on macOS"),
            ("", "A browser we do not know"),
        ] {
            assert_eq!(family(text), expected);
        }
    }
}
