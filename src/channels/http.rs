//! The socket side of HTTP providers: requests and answers as values, one client for all.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::SendError;

/// A request as a value.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// Where.
    pub url: String,
    /// Credentials and what else the vendor wants, names in lower case; not the content type.
    pub headers: Vec<(&'static str, String)>,
    /// Content type and body.
    pub body: Option<(&'static str, String)>,
}

impl Request {
    /// Asks for something.
    pub fn get(url: String) -> Self {
        Self { method: "GET", url, headers: Vec::new(), body: None }
    }

    /// Hands something over.
    pub fn post(url: String, content_type: &'static str, body: String) -> Self {
        Self { method: "POST", url, headers: Vec::new(), body: Some((content_type, body)) }
    }

    /// With a header more.
    pub fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// With Basic credentials (RFC 7617).
    pub fn basic(self, user: &str, secret: &str) -> Self {
        let credentials = BASE64.encode(format!("{user}:{secret}"));
        self.header("authorization", format!("Basic {credentials}"))
    }

    /// With a bearer token (RFC 6750).
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }
}

/// An answer as a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// `Retry-After` in milliseconds, if there was one in seconds.
    pub retry_after_ms: Option<i64>,
    /// The body.
    pub body: String,
}

/// The client for every HTTP provider: pooled, never following redirects, bounded in time.
#[derive(Clone, Debug)]
pub struct Client(reqwest::Client);

impl Client {
    /// A client with rustls; the process must have installed its crypto provider.
    pub fn new() -> Result<Self, reqwest::Error> {
        reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(10))
            .timeout(Duration::from_secs(30))
            .redirect(reqwest::redirect::Policy::none())
            .pool_max_idle_per_host(256)
            .user_agent("huecry")
            .build()
            .map(Self)
    }

    /// Sends a request. A fault before it left is temporary; one after it left is doubtful.
    pub async fn send(&self, request: Request) -> Result<Response, SendError> {
        let mut builder = if request.method == "GET" { self.0.get(&request.url) } else { self.0.post(&request.url) };
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        if let Some((content_type, body)) = request.body {
            builder = builder.header("content-type", content_type).body(body);
        }
        let response = builder.send().await.map_err(|error| network_error(&error))?;
        let status = response.status().as_u16();
        let retry_after_ms = response
            .headers()
            .get("retry-after")
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.trim().parse::<i64>().ok())
            .map(|seconds| seconds.saturating_mul(1000));
        let body = response.text().await.map_err(|error| SendError::in_doubt("unreadable", &error.without_url().to_string()))?;
        Ok(Response { status, retry_after_ms, body })
    }
}

fn network_error(error: &reqwest::Error) -> SendError {
    // Without the URL: it may hold an account's name.
    let detail = if error.is_timeout() { "the provider did not answer in time" } else { "the connection to the provider failed" };
    if error.is_connect() || error.is_builder() { SendError::temporary("connect", detail) } else { SendError::in_doubt("no_answer", detail) }
}
