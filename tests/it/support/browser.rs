//! `Client`: a browser without JavaScript: cookies, forms with their token, no redirects followed unasked.

use std::collections::BTreeMap;
use std::time::Duration;

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) body: String,
}

/// A person's browser.
pub(crate) struct Client {
    url: String,
    http: reqwest::Client,
    cookies: BTreeMap<String, String>,
    csrf: String,
    network: Option<String>,
}

impl Client {
    pub(crate) fn new(url: &str) -> Self {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(Duration::from_secs(30)).build().unwrap();
        Self { url: url.to_owned(), http, cookies: BTreeMap::new(), csrf: String::new(), network: None }
    }

    /// From now on the proxy in front says that this browser comes from there.
    pub(crate) fn come_from(&mut self, address: &str) {
        self.network = Some(address.to_owned());
    }

    /// Opens a page and remembers its form token.
    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        let request = self.http.get(format!("{}{path}", self.url)).header("cookie", self.cookie_header());
        self.send(request).await
    }

    /// Sends a form with the token of the last page.
    pub(crate) async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = self.csrf.clone();
        let mut all = vec![("csrf", csrf.as_str())];
        all.extend_from_slice(fields);
        self.submit_exactly(path, &all).await
    }

    /// Sends a form with just these fields.
    pub(crate) async fn submit_exactly(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self
            .http
            .post(format!("{}{path}", self.url))
            .header("cookie", self.cookie_header())
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        self.send(request).await
    }

    /// The Cookie header, for requests made by hand.
    pub(crate) fn cookie_header(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// The form token of the last page.
    pub(crate) fn csrf(&self) -> &str {
        &self.csrf
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> Answer {
        let request = match &self.network {
            Some(address) => request.header("x-forwarded-for", address),
            None => request,
        };
        let response = request.send().await.unwrap();
        for cookie in response.headers().get_all("set-cookie") {
            let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let status = response.status().as_u16();
        let location = response.headers().get("location").map(|value| value.to_str().unwrap().to_owned());
        let body = response.text().await.unwrap();
        if let Some(token) = value_of_hidden(&body, "csrf") {
            self.csrf = token;
        }
        Answer { status, location, body }
    }
}

/// The value of a hidden field in a page.
pub(crate) fn value_of_hidden(html: &str, name: &str) -> Option<String> {
    let at = html.find(&format!("name=\"{name}\""))?;
    let rest = &html[at..];
    let value = rest.split_once("value=\"")?.1.split_once('"')?.0;
    Some(value.to_owned())
}
