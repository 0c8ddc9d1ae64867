//! `Chromium`: a real browser, driven through the chromedriver that the test command starts.
//!
//! Whatever it waits for it asks about again and again, for a bounded time; a wait that ends in vain says what was missing and
//! what the page said instead.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use fantoccini::actions::{InputSource, KeyAction, KeyActions, MOUSE_BUTTON_LEFT, MouseActions, PointerAction};
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use super::db::TestDb;

/// Nothing on these pages takes longer, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
const FLAGS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
];
/// Width and height of the windows that pages are checked in.
const CHECKED: [(u32, u32); 2] = [(360, 780), (1280, 900)];
/// The same for pictures, with the word that goes into their names.
const PICTURED: [(&str, u32, u32); 2] = [("phone", 360, 780), ("desk", 1440, 900)];
/// Runs axe-core with every rule, the one for WCAG 2.2's target sizes among them, and gives one line for each thing found.
const AXE: &str = "const done = arguments[arguments.length - 1];
    axe.run(document, { resultTypes: ['violations'], rules: { 'target-size': { enabled: true } } }).then(
      ({ violations }) => done(violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} at ${target}: ${failureSummary.replace(/\\s+/g, ' ')}`))),
      (error) => done([`axe-core failed: ${error}`]));";
/// What sticks out of the page on the right.
const OVERFLOW: &str = "const page = document.documentElement;
    if (page.scrollWidth <= innerWidth) return [];
    const wide = [...document.querySelectorAll('body *')].filter((el) => el.getBoundingClientRect().right > innerWidth + 1);
    return [`${page.scrollWidth} px wide in a window of ${innerWidth}`, ...wide.slice(0, 5).map((el) => `${el.localName}#${el.id}.${el.className}`)];";

/// Somebody's browser, with cookies and storage that nobody else has.
pub(crate) struct Chromium {
    client: Client,
    home: String,
}

impl Chromium {
    /// Starts a browser at desk width in daylight; paths are those of `home`.
    pub(crate) async fn start(db: &TestDb, home: &str) -> Self {
        super::install_tls();
        let profile = db.folder().join(format!("chromium_{}", huecry::domain::ids::public_id()));
        let mut flags: Vec<String> = FLAGS.iter().map(|flag| (*flag).to_owned()).collect();
        flags.push(format!("--user-data-dir={}", profile.display()));
        let mut wishes = Capabilities::new();
        wishes.insert("goog:chromeOptions".into(), json!({ "args": flags }));
        wishes.insert("goog:loggingPrefs".into(), json!({ "browser": "ALL" }));
        let client = ClientBuilder::new(HttpConnector::new()).capabilities(wishes).connect(&setting("HUECRY_TEST_WEBDRIVER")).await.unwrap();
        let browser = Self { client, home: home.to_owned() };
        browser.resize(1280, 900).await;
        browser.scheme(false).await;
        browser
    }

    /// Closes it; one that a failed test leaves open goes with the test command.
    pub(crate) async fn close(self) {
        self.client.close().await.unwrap();
    }

    /// Opens a page: a path, or a whole address elsewhere.
    pub(crate) async fn open(&self, path: &str) {
        let url = if path.starts_with('/') { format!("{}{path}", self.home) } else { path.to_owned() };
        self.client.goto(&url).await.unwrap();
    }

    /// Path and query of the open page.
    pub(crate) async fn path(&self) -> String {
        let url = self.client.current_url().await.unwrap();
        url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
    }

    pub(crate) async fn title(&self) -> String {
        self.client.title().await.unwrap()
    }

    pub(crate) async fn reload(&self) {
        self.client.refresh().await.unwrap();
    }

    /// Signs an officer in through the page.
    pub(crate) async fn sign_in(&self, email: &str, password: &str) {
        self.open("/sign-in").await;
        self.fill("#email", email).await;
        self.fill("#password", password).await;
        self.click(".door button[type=submit]").await;
        self.find(".who-name").await;
    }

    // --- doing ----------------------------------------------------------------------------------------------------------

    /// Presses the first thing that matches, as soon as it can be pressed.
    pub(crate) async fn click(&self, css: &str) {
        self.until(&format!("{css} to be pressed"), async || {
            let element = self.client.find(Locator::Css(css)).await?;
            if !element.is_enabled().await? {
                return Err(Missing(format!("{css} cannot be pressed yet")));
            }
            Ok(element.click().await?)
        })
        .await;
    }

    /// Draws with the mouse from the middle of what matches to so far right and down of it, in pixels.
    pub(crate) async fn draw_from_middle(&self, css: &str, right: f64, down: f64) {
        let element = self.find(css).await;
        let begin = PointerAction::MoveToElement { element: element.clone(), duration: None, x: 0.0, y: 0.0 };
        let end = PointerAction::MoveToElement { element, duration: None, x: right, y: down };
        let mouse = MouseActions::new("mouse".into())
            .then(begin)
            .then(PointerAction::Down { button: MOUSE_BUTTON_LEFT })
            .then(end)
            .then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
        self.client.perform_actions(mouse).await.unwrap();
    }

    /// Empties a field and writes into it.
    pub(crate) async fn fill(&self, css: &str, text: &str) {
        let field = self.find(css).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Writes on where a field ends; into a file field goes the path of a file.
    pub(crate) async fn write(&self, css: &str, text: &str) {
        self.find(css).await.send_keys(text).await.unwrap();
    }

    /// Presses keys one after the other, wherever the focus is.
    pub(crate) async fn press(&self, keys: &str) {
        for value in keys.chars() {
            let stroke = KeyActions::new("keyboard".into()).then(KeyAction::Down { value }).then(KeyAction::Up { value });
            self.client.perform_actions(stroke).await.unwrap();
        }
    }

    /// Runs a script in the page.
    pub(crate) async fn script(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    // --- seeing ---------------------------------------------------------------------------------------------------------

    /// Waits for the first element that matches.
    pub(crate) async fn find(&self, css: &str) -> Element {
        self.until(css, async || Ok(self.client.find(Locator::Css(css)).await?)).await
    }

    /// Waits until something that matches shows these words, and gives all of its text.
    pub(crate) async fn sees(&self, css: &str, words: &str) -> String {
        self.until(&format!("{words:?} in {css}"), async || {
            let mut found = Vec::new();
            for element in self.client.find_all(Locator::Css(css)).await? {
                found.push(element.text().await?);
            }
            let missing = format!("{css} says {found:?}");
            found.into_iter().find(|text| text.contains(words)).ok_or(Missing(missing))
        })
        .await
    }

    /// How many elements match now.
    pub(crate) async fn count(&self, css: &str) -> usize {
        self.client.find_all(Locator::Css(css)).await.unwrap().len()
    }

    /// What stands in a field.
    pub(crate) async fn value(&self, css: &str) -> String {
        self.find(css).await.prop("value").await.unwrap().unwrap_or_default()
    }

    /// Leaves a mark on the open page that only another page would be without.
    pub(crate) async fn mark(&self) {
        self.script("window.markedByTheTest = true").await;
    }

    /// Is it still the page that was marked?
    pub(crate) async fn is_marked(&self) -> bool {
        self.script("return window.markedByTheTest === true").await == json!(true)
    }

    /// Fails if the console has told of an error since the last time.
    pub(crate) async fn console_is_quiet(&self) {
        assert_eq!(self.console().await, Vec::<String>::new(), "the console at {} has errors", self.path().await);
    }

    /// The page was refused with this status, as it should be, and the console says so and nothing else.
    pub(crate) async fn was_refused_with(&self, status: u16) {
        let other: Vec<String> = self.console().await.into_iter().filter(|line| !line.contains(&format!("status of {status}"))).collect();
        assert_eq!(other, Vec::<String>::new(), "the console at {} has errors", self.path().await);
        let got = self.script("return performance.getEntriesByType('navigation')[0].responseStatus").await;
        assert_eq!(got, json!(status), "{}", self.path().await);
    }

    /// The errors in the console since the last time.
    pub(crate) async fn console(&self) -> Vec<String> {
        let log = self.ask("se/log", json!({ "type": "browser" })).await;
        let severe = log.as_array().unwrap().iter().filter(|line| line["level"] == "SEVERE");
        severe.map(|line| line["message"].as_str().unwrap().to_owned()).collect()
    }

    /// Fails if the open page has a fault, or its console an error.
    pub(crate) async fn page_is_sound(&self, page: &str) {
        self.console_is_quiet().await;
        let faults = self.faults().await;
        assert!(faults.is_empty(), "{page} ({}) has faults:\n{}", self.path().await, faults.join("\n"));
        self.console_is_quiet().await;
    }

    /// What axe-core and the window's width have against the open page, its folds open, light and dark, on a phone and at a
    /// desk. Leaves it at desk width in daylight.
    pub(crate) async fn faults(&self) -> Vec<String> {
        let axe = std::fs::read_to_string(setting("HUECRY_TEST_AXE")).unwrap();
        self.script(&axe).await;
        self.script("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })").await;
        let mut faults = Vec::new();
        for (width, height) in CHECKED {
            self.resize(width, height).await;
            for dark in [true, false] {
                self.scheme(dark).await;
                let found = [self.client.execute_async(AXE, Vec::new()).await.unwrap(), self.script(OVERFLOW).await];
                let lines = found.into_iter().flat_map(|list| list.as_array().cloned().unwrap());
                let window = format!("{width} px, {}", if dark { "dark" } else { "light" });
                faults.extend(lines.map(|line| format!("{window}: {}", line.as_str().unwrap())));
            }
        }
        faults
    }

    /// Takes the page's pictures into the folder that HUECRY_TEST_SHOTS names; without it, none are wanted.
    pub(crate) async fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os("HUECRY_TEST_SHOTS").map(PathBuf::from) else { return };
        std::fs::create_dir_all(&folder).unwrap();
        for (window, width, height) in PICTURED {
            self.resize(width, height).await;
            for dark in [true, false] {
                self.scheme(dark).await;
                let file = format!("{name}-{window}-{}.png", if dark { "dark" } else { "light" });
                std::fs::write(folder.join(file), self.client.screenshot().await.unwrap()).unwrap();
            }
        }
        self.resize(1280, 900).await;
    }

    // --- the browser's own settings -------------------------------------------------------------------------------------

    /// A window of this size, also a smaller one than Chromium would open.
    pub(crate) async fn resize(&self, width: u32, height: u32) {
        self.devtools("Emulation.setDeviceMetricsOverride", json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false })).await;
    }

    /// Turns the pages' scripts off; the test's own still run.
    pub(crate) async fn without_scripts(&self) {
        self.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await;
    }

    /// Dark or light, and without motion, so that no colour is caught half way.
    async fn scheme(&self, dark: bool) {
        let scheme = if dark { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }, { "name": "prefers-reduced-motion", "value": "reduce" }]);
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    async fn devtools(&self, command: &str, parameters: Value) {
        self.ask("goog/cdp/execute", json!({ "cmd": command, "params": parameters })).await;
    }

    async fn ask(&self, path: &'static str, body: Value) -> Value {
        self.client.issue_cmd(ChromeCommand { path, body }).await.unwrap()
    }

    async fn until<T>(&self, what: &str, ask: impl AsyncFn() -> Result<T, Missing>) -> T {
        let mut tick = tokio::time::interval(Duration::from_millis(25));
        let end = Instant::now() + PATIENCE;
        loop {
            tick.tick().await;
            let Missing(reason) = match ask().await {
                Ok(answer) => return answer,
                Err(missing) => missing,
            };
            if Instant::now() > end {
                let body = self.script("return document.body.innerText").await;
                panic!("waited {PATIENCE:?} in vain for {what} at {}: {reason}\n{}", self.path().await, body.as_str().unwrap_or_default());
            }
        }
    }
}

/// Why there is no answer yet.
struct Missing(String);

impl From<CmdError> for Missing {
    fn from(error: CmdError) -> Self {
        Self(error.to_string())
    }
}

/// What chromedriver can do beyond the standard.
#[derive(Debug)]
struct ChromeCommand {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for ChromeCommand {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _url: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}

fn setting(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set, so there is no browser to test with: run `make test`, or put `scripts/services run --` before the command")
    })
}
