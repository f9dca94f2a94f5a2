//! The browser's driver and the windows it opens.

use fantoccini::{Client, ClientBuilder, Locator, elements::Element, wd::WebDriverCompatibleCommand};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Mutex,
    time::Duration,
};
use tempfile::TempDir;
use url::{ParseError, Url};

/// What does not appear on a page in this time does not come.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often a page is looked at while something is awaited.
const PERIOD: Duration = Duration::from_millis(40);

/// Where the browser and its driver are.
pub struct Programs {
    browser: PathBuf,
    driver: PathBuf,
}

/// Looks for both; says what is missing, and fails where nothing may be skipped.
pub fn programs() -> Option<Programs> {
    let found = |names: &[&str]| {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path)
            .flat_map(|folder| names.iter().map(move |name| folder.join(name)).collect::<Vec<_>>())
            .find(|file| file.is_file())
    };
    match (found(&["chromium", "chromium-browser", "google-chrome"]), found(&["chromedriver"])) {
        (Some(browser), Some(driver)) => Some(Programs { browser, driver }),
        (browser, driver) => {
            let missing = [(browser, "chromium"), (driver, "chromedriver")];
            let missing: Vec<&str> =
                missing.into_iter().filter(|(file, _)| file.is_none()).map(|(_, name)| name).collect();
            let missing = missing.join(" and ");
            let strict = std::env::var("EVENHAND_TEST_STRICT").is_ok_and(|strict| strict == "1");
            assert!(!strict, "{missing} cannot be found, and EVENHAND_TEST_STRICT=1 allows no skipping");
            eprintln!("SKIPPED: this needs a browser; {missing} cannot be found");
            None
        }
    }
}

/// A running driver on a port of its own.
pub struct Driver {
    process: Child,
    port: u16,
    browser: PathBuf,
    /// Where browsers keep what they keep; gone after the driver.
    profiles: Mutex<Vec<TempDir>>,
}

impl Driver {
    pub fn start(programs: &Programs) -> Driver {
        let mut process = Command::new(&programs.driver)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the driver starts");
        let mut said = BufReader::new(process.stdout.take().expect("its output"));
        let mut line = String::new();
        let port = loop {
            line.clear();
            assert_ne!(
                said.read_line(&mut line).expect("it speaks"),
                0,
                "the driver ended before it listened"
            );
            let port = line.trim_end().trim_end_matches('.').rsplit_once("started successfully on port ");
            if let Some((_, port)) = port {
                break port.parse().expect("a port");
            }
        };
        // A full pipe would stop it.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        Driver { process, port, browser: programs.browser.clone(), profiles: Mutex::default() }
    }

    /// Opens a window of a browser of its own: nothing is shared with other windows.
    pub async fn window(&self, address: &str) -> Window {
        let profile = tempfile::tempdir().expect("a folder");
        let flags = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=1440,900",
        ];
        let mut arguments: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        self.profiles.lock().expect("no panic").push(profile);
        let wanted = json!({
            "browserName": "chrome",
            "goog:chromeOptions": { "binary": self.browser, "args": arguments },
        });
        let Value::Object(wanted) = wanted else { unreachable!("it is an object") };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(wanted)
            .connect(&format!("http://127.0.0.1:{}", self.port))
            .await
            .expect("a window opens");
        Window { client, address: address.to_owned() }
    }
}

impl Drop for Driver {
    /// Asked to end, the driver ends its browsers; killed, it would leave them behind.
    fn drop(&mut self) {
        let ask = || -> std::io::Result<()> {
            let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
            stream.set_read_timeout(Some(Duration::from_secs(10)))?;
            stream.write_all(b"GET /shutdown HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
            stream.read_to_end(&mut Vec::new())?;
            Ok(())
        };
        if let Err(error) = ask() {
            eprintln!("the driver could not be asked to end: {error}");
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A window with somebody before it.
pub struct Window {
    client: Client,
    address: String,
}

/// A command of the browser's own protocol, for what people do not do: another size, another colour scheme.
#[derive(Debug)]
struct Devtools(&'static str, Value);

impl WebDriverCompatibleCommand for Devtools {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (http::Method, Option<String>) {
        let Devtools(command, values) = self;
        (http::Method::POST, Some(json!({ "cmd": command, "params": values }).to_string()))
    }
}

impl Window {
    pub async fn goes_to(&self, path: &str) {
        self.client.goto(&format!("{}{path}", self.address)).await.expect("the page opens");
    }

    /// The address after the host.
    pub async fn path(&self) -> String {
        let url = self.client.current_url().await.expect("an address");
        url.as_str().strip_prefix(&*self.address).unwrap_or(url.as_str()).to_owned()
    }

    /// The text of the page, for complaints.
    async fn text(&self) -> String {
        let text = self.script("return document.body.innerText").await;
        text.as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
    }

    async fn awaits(&self, locator: Locator<'_>) -> Element {
        match self.client.wait().every(PERIOD).at_most(PATIENCE).for_element(locator).await {
            Ok(element) => element,
            Err(error) => {
                panic!("{locator:?} does not come at {} ({error}): {}", self.path().await, self.text().await)
            }
        }
    }

    /// Waits for an element.
    pub async fn finds(&self, selector: &str) -> Element {
        self.awaits(Locator::Css(selector)).await
    }

    /// Waits until an element is gone.
    pub async fn loses(&self, selector: &str) {
        self.finds(&format!("body:not(:has({selector}))")).await;
    }

    /// Waits until this stands on the page.
    pub async fn reads(&self, text: &str) {
        self.reads_in("//body", text).await;
    }

    /// Waits until this stands in the element that a path names.
    pub async fn reads_in(&self, path: &str, text: &str) {
        self.awaits(Locator::XPath(&format!("{path}[contains(normalize-space(.), {})]", quoted(text)))).await;
    }

    /// Presses what a selector names, once it is there.
    pub async fn presses(&self, selector: &str) {
        self.pressed(Locator::Css(selector)).await;
    }

    /// Presses the button or link with this label, in the element that a path names.
    pub async fn presses_label(&self, path: &str, label: &str) {
        let path = format!(
            "{path}//*[self::button or self::a or self::summary or self::label][contains(normalize-space(.), {})]",
            quoted(label)
        );
        self.pressed(Locator::XPath(&path)).await;
    }

    async fn pressed(&self, locator: Locator<'_>) {
        let element = self.awaits(locator).await;
        if let Err(error) = element.click().await {
            panic!("{locator:?} cannot be pressed at {} ({error}): {}", self.path().await, self.text().await);
        }
    }

    /// Types into a field, after what stands there.
    pub async fn types(&self, selector: &str, text: &str) {
        self.finds(selector).await.send_keys(text).await.expect("it takes keys");
    }

    /// Types instead of what stands there.
    pub async fn fills(&self, selector: &str, text: &str) {
        let field = self.finds(selector).await;
        field.clear().await.expect("it is emptied");
        field.send_keys(text).await.expect("it takes keys");
    }

    /// Presses keys wherever the focus is.
    pub async fn keys(&self, keys: &str) {
        let focused = self.client.active_element().await.expect("something has the focus");
        focused.send_keys(keys).await.expect("keys are taken");
    }

    /// Chooses in a list by its words.
    pub async fn chooses(&self, selector: &str, label: &str) {
        self.finds(selector).await.select_by_label(label).await.expect("a choice of that name");
    }

    pub async fn script(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.expect("the script runs")
    }

    /// Runs a script that calls its argument when it is done.
    pub async fn script_until_done(&self, script: &str) -> Value {
        self.client.execute_async(script, Vec::new()).await.expect("the script runs")
    }

    /// Leaves a mark in the page that a reload would wipe away.
    pub async fn marks(&self) {
        self.script("window.isTheSamePage = true").await;
    }

    /// Complains if the page was reloaded since it was marked.
    pub async fn is_not_reloaded(&self) {
        assert_eq!(
            self.script("return window.isTheSamePage === true").await,
            json!(true),
            "the page was reloaded"
        );
    }

    /// How many elements there are.
    pub async fn counts(&self, selector: &str) -> usize {
        self.client.find_all(Locator::Css(selector)).await.expect("a selector").len()
    }

    /// The file that a file field is given.
    pub async fn uploads(&self, selector: &str, file: &Path) {
        self.types(selector, &file.display().to_string()).await;
    }

    /// Signs in and waits for the first page.
    pub async fn signs_in(&self, email: &str, password: &str) {
        self.goes_to("/sign-in").await;
        self.types("input[name=email]", email).await;
        self.types("input[name=password]", password).await;
        self.presses("form.door button").await;
    }

    /// The size and the colour scheme of a device; nothing moves.
    pub async fn looks_like(&self, width: u32, height: u32, scheme: &str) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        let media = json!({ "features": [
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ] });
        for command in [
            Devtools("Emulation.setDeviceMetricsOverride", size),
            Devtools("Emulation.setEmulatedMedia", media),
        ] {
            self.client.issue_cmd(command).await.expect("the browser takes it");
        }
    }
}

/// A text as `XPath` writes it.
fn quoted(text: &str) -> String {
    assert!(!text.contains('"'), "XPath has no escapes: {text}");
    format!("\"{text}\"")
}
