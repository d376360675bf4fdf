//! The provider's process, and what a test tells it.

use std::{path::Path, process::Command};

use reqwest::{Client, Response, Url, redirect::Policy};
use serde_json::{Value, json};
use tempfile::TempDir;
use trellis_tests::{BOUND, Process, project, tool};

/// The resource of this network, at the provider.
pub const NETWORK: &str = "https://trellis.test/";
/// Another one, that is none of ours.
pub const ELSEWHERE: &str = "https://elsewhere.test/";
/// What a client may ask for.
pub const SCOPE: &str = "system/*.rs";

pub struct Provider {
    pub process: Process,
    pub issuer: String,
    pub http: Client,
    log: TempDir,
}

impl Provider {
    pub async fn start() -> Self {
        let log = tempfile::tempdir().unwrap();
        // One that nobody else takes while it is away.
        let port = testkit::ports(1).unwrap()[0].to_string();
        let (process, issuer) = spawned(log.path(), &port).await;
        // As a client that is not led anywhere.
        let http = Client::builder().redirect(Policy::none()).timeout(BOUND).build().unwrap();
        Self { process, issuer, http, log }
    }

    /// At the same address, with keys of its own and no client.
    pub async fn start_again(&mut self) {
        let port = Url::parse(&self.issuer).unwrap().port().unwrap().to_string();
        let (process, issuer) = spawned(self.log.path(), &port).await;
        assert_eq!(issuer, self.issuer);
        self.process = process;
    }

    pub async fn register(&self, client: Value) {
        self.control("client", client).await;
    }

    /// Signs with another key from now on.
    pub async fn rotate(&self, keep: bool) {
        self.control("rotate", json!({ "keep": keep })).await;
    }

    /// Answers so at these paths.
    pub async fn instead(&self, answers: Value) {
        self.control("instead", answers).await;
    }

    /// `token` with these claims, and the `jwk` of the RSA key of that size that signed it.
    pub async fn weak(&self, bits: u32, claims: Value) -> Value {
        self.control("weak", json!({ "bits": bits, "claims": claims })).await
    }

    /// What the token endpoint says to this form.
    pub async fn tokens(&self, form: &[(&str, &str)]) -> Value {
        let answer = self.post("token", form).await;
        let status = answer.status();
        let tokens: Value = answer.json().await.unwrap();
        assert!(status.is_success(), "{tokens}");
        tokens
    }

    /// Whether the token endpoint refuses this form, as its client's authentication or its grant.
    pub async fn refuses(&self, form: &[(&str, &str)]) -> String {
        let answer = self.post("token", form).await;
        assert!(answer.status().is_client_error(), "{}", answer.status());
        let error: Value = answer.json().await.unwrap();
        error["error"].as_str().unwrap().to_owned()
    }

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Response {
        let encoded = Url::parse_with_params("form:", form).unwrap();
        let body = encoded.query().unwrap().to_owned();
        let request = self.http.post(format!("{}/{path}", self.issuer));
        let form = "application/x-www-form-urlencoded";
        request.header("content-type", form).body(body).send().await.unwrap()
    }

    async fn control(&self, name: &str, body: Value) -> Value {
        let request = self.http.post(format!("{}/control/{name}", self.issuer));
        request.json(&body).send().await.unwrap().json().await.unwrap()
    }
}

async fn spawned(log: &Path, port: &str) -> (Process, String) {
    let mut command = Command::new("node");
    command.arg(project().join("tests/oidc/provider/server.js"));
    command.arg(tool("TRELLIS_OIDC_PROVIDER")).arg(port);
    let mut process = Process::start(command, &log.join("provider.log"));
    let issuer = process.says("listening on ", BOUND).await;
    (process, issuer)
}
