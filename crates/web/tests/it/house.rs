//! A company with its people in a throw-away database, the site over it, and visitors who keep their cookies as a
//! browser does.

use actions::{
    add_lead::{AddLead, Added, add_lead},
    add_user::{NewUser, UserAdded, add_user},
    create_company::{NewCompany, create_company},
};
use axum::{Router, body::Body};
use domain::{
    email::Email,
    ids::{CompanyId, LeadId, UserId},
    phone::Country,
    time::Moment,
    viewer::{Sight, Viewer},
};
use http::{HeaderMap, Request, header};
use http_body_util::BodyExt as _;
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};
use store::{
    Store,
    testing::{TestDatabase, on_both_engines},
};
use tower::ServiceExt as _;
use web::{Settings, Site};

/// Monday 2026-05-11 09:00 in Kolkata.
pub const NOW: Moment = Moment(1_778_470_200_000);
pub const PASSWORD: &str = "correct horse";
/// Opens the first-run page.
pub const TOKEN: &str = "ABCD-EFGH-JKLM-NPQR";
/// What never ends is a failure after this.
const PATIENCE: Duration = Duration::from_secs(30);

/// The site and what is behind it.
pub struct House {
    pub store: Store,
    pub site: Arc<Site>,
    pub company: CompanyId,
    router: Router,
    people: BTreeMap<&'static str, UserId>,
    clock: Arc<AtomicI64>,
    database: TestDatabase,
}

/// Runs a test on both engines, in a company of an admin, two managers (Mira, Noor) and three agents (Asha, Ben with a
/// cap of 1, Cara in Pune).
pub fn on_both<F: Future<Output = ()>>(test: impl Fn(House) -> F) {
    on_both_engines(|database| async {
        let mut house = House::empty(database);
        house.employ().await;
        test(house).await;
    });
}

/// Runs a test on both engines, in a database without a company.
pub fn on_both_empty<F: Future<Output = ()>>(test: impl Fn(House) -> F) {
    on_both_engines(|database| test(House::empty(database)));
}

impl House {
    fn empty(database: TestDatabase) -> House {
        let clock = Arc::new(AtomicI64::new(NOW.0));
        let (ticks, drawn) = (Arc::clone(&clock), AtomicU64::new(1));
        let site = Site::new(Settings {
            store: database.store.clone(),
            clock: Arc::new(move || Moment(ticks.load(Ordering::Relaxed))),
            chance: Arc::new(move || {
                let mut bytes = [7; 32];
                bytes[..8].copy_from_slice(&drawn.fetch_add(1, Ordering::Relaxed).to_le_bytes());
                Ok(bytes)
            }),
            first_run_token: Some(TOKEN.to_owned()),
            upload_bytes_max: 1 << 20,
            https: false,
        })
        .expect("the site opens");
        House {
            store: database.store.clone(),
            router: web::router(Arc::clone(&site)),
            site,
            company: CompanyId(0),
            people: BTreeMap::new(),
            clock,
            database,
        }
    }

    async fn employ(&mut self) {
        let new = NewCompany {
            name: "Acme".into(),
            country: Country::from_code("IN").expect("a country"),
            zone: "Asia/Kolkata".parse().expect("a zone"),
            admin_email: Email::parse("admin@acme.example").expect("an e-mail"),
            admin_password: PASSWORD.into(),
        };
        let (company, admin) = create_company(&self.store, new, NOW).await.expect("the company is made");
        self.company = company;
        self.people.insert("Admin", admin);
        for (name, role, cap, branch) in [
            ("Mira", "Manager", None, None),
            ("Noor", "Manager", None, None),
            ("Asha", "Agent", Some(50), None),
            ("Ben", "Agent", Some(1), None),
            ("Cara", "Agent", None, Some("Pune")),
        ] {
            let new = NewUser {
                name: name.into(),
                email: Email::parse(&email_of(name)).expect("an e-mail"),
                role: role.into(),
                cap,
                branch: branch.map(str::to_owned),
                department: None,
                password: Some(PASSWORD.into()),
            };
            let added = add_user(&self.store, company, new, NOW).await.expect("an answer");
            let UserAdded::Done(id) = added else { panic!("{name} is refused: {added:?}") };
            self.people.insert(name, id);
        }
    }

    pub fn user(&self, name: &str) -> UserId {
        self.people[name]
    }

    /// Lets time pass.
    pub fn wait_seconds(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1_000, Ordering::Relaxed);
    }

    /// A new lead, somebody's or nobody's.
    pub async fn lead(&self, name: &str, owner: Option<&str>) -> LeadId {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let order = AddLead {
            company: self.company,
            viewer: Viewer::Operator,
            may_convert: true,
            default_country: Country::from_code("IN").expect("a country"),
            first_name: name.into(),
            last_name: String::new(),
            phone: format!("98765{:05}", NUMBER.fetch_add(1, Ordering::Relaxed)),
            email: String::new(),
            status: None,
            tags: Vec::new(),
            branch: String::new(),
            department: String::new(),
            source: String::new(),
            country: None,
            owner: owner.map(|owner| self.user(owner)),
            exceed_cap: true,
            now: Moment(self.clock.load(Ordering::Relaxed)),
        };
        match add_lead(&self.store, order).await.expect("the lead is added") {
            Added::Done { lead, .. } => lead,
            other => panic!("{name}: {other:?}"),
        }
    }

    /// Who owns a lead, its status and its version.
    pub async fn look(&self, lead: LeadId) -> (Option<String>, String, i64) {
        let mut reader = self.store.read().await.expect("a reader");
        let found = store::leads::one(reader.session(), self.company, lead, Sight::All).await.expect("asked");
        let line = found.expect("the lead is there").line;
        (line.owner, line.status, line.version)
    }

    /// Waits until the process hears the news of its database: on PostgreSQL the first listener is told that everything
    /// may have changed once the connection stands.
    pub async fn hears_news(&self) {
        let mut changes = self.store.changes();
        if matches!(self.database.location, store::Location::Url(_)) {
            assert_eq!(changes.next().await, Some(store::changes::News::Everything));
        }
    }

    /// The id of a status, as forms carry it.
    pub async fn status(&self, name: &str) -> String {
        let mut reader = self.store.read().await.expect("a reader");
        let known = store::statuses::list(reader.session(), self.company).await.expect("asked");
        known.iter().find(|status| status.name == name).expect("a status").id.to_string()
    }

    /// Somebody with a browser of their own who is not signed in.
    pub fn visitor(&self) -> Visitor {
        Visitor { router: self.router.clone(), cookies: Mutex::default(), swaps: false }
    }

    /// Somebody signed in.
    pub async fn signed_in(&self, name: &str) -> Visitor {
        let visitor = self.visitor();
        let answer = visitor.post("/sign-in", &[("email", &email_of(name)), ("password", PASSWORD)]).await;
        assert_eq!((answer.status, answer.location()), (303, Some("/")), "{name} signs in: {}", answer.body);
        visitor
    }
}

pub fn email_of(name: &str) -> String {
    format!("{}@acme.example", name.to_lowercase())
}

/// A browser: it keeps cookies, and says where its requests come from.
pub struct Visitor {
    router: Router,
    cookies: Mutex<BTreeMap<String, String>>,
    swaps: bool,
}

/// What came back.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Visitor {
    /// The same browser, asking for a part of a page as scripts do.
    pub fn swapping(&self) -> Visitor {
        let cookies = Mutex::new(self.cookies.lock().expect("no panic").clone());
        Visitor { router: self.router.clone(), cookies, swaps: true }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request("GET", path).body(Body::empty()).expect("a request")).await
    }

    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = self
            .request("POST", path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body));
        self.send(request.expect("a request")).await
    }

    /// Sends a form and follows where it leads, as a browser does; the answer is the page one ends on.
    pub async fn does(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let answer = self.post(path, form).await;
        let to = answer.location().unwrap_or_else(|| panic!("{path}: {} {}", answer.status, answer.body));
        self.get(to).await
    }

    /// Sends a file.
    pub async fn upload(&self, path: &str, name: &str, bytes: &[u8]) -> Answer {
        const BOUNDARY: &str = "----a-boundary-that-no-file-has";
        let mut body = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: text/csv\r\n\r\n"
        )
        .into_bytes();
        body.extend_from_slice(bytes);
        body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
        let request = self
            .request("POST", path)
            .header(header::CONTENT_TYPE, format!("multipart/form-data; boundary={BOUNDARY}"))
            .body(Body::from(body));
        self.send(request.expect("a request")).await
    }

    /// Listens to the live updates.
    pub async fn listen(&self) -> Stream {
        let request = self.request("GET", "/live").body(Body::empty()).expect("a request");
        let response = self.router.clone().oneshot(request).await.expect("the router answers");
        assert_eq!(response.status(), 200);
        let mut stream = Stream { body: response.into_body(), heard: String::new() };
        assert_eq!(stream.next().await.as_deref(), Some("hello"));
        stream
    }

    pub fn request(&self, method: &str, path: &str) -> http::request::Builder {
        let cookies = self.cookies.lock().expect("no panic");
        let cookies: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request =
            Request::builder().method(method).uri(path).header(header::HOST, "evenhand.example");
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        if self.swaps {
            request = request.header("hx-request", "true");
        }
        request.header("sec-fetch-site", "same-origin")
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.expect("the router answers");
        let (parts, body) = response.into_parts();
        for cookie in parts.headers.get_all(header::SET_COOKIE) {
            self.keep(cookie.to_str().expect("a cookie is text"));
        }
        let bytes = body.collect().await.expect("a body").to_bytes();
        let body = String::from_utf8(bytes.to_vec()).expect("UTF-8");
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// The bytes of an answer that may be compressed.
    pub async fn packed(&self, request: Request<Body>) -> usize {
        let response = self.router.clone().oneshot(request).await.expect("the router answers");
        response.into_body().collect().await.expect("a body").to_bytes().len()
    }

    fn keep(&self, cookie: &str) {
        let (pair, rules) = cookie.split_once(';').unwrap_or((cookie, ""));
        let (name, value) = pair.split_once('=').expect("a cookie has a name");
        let mut cookies = self.cookies.lock().expect("no panic");
        if rules.contains("Max-Age=0") {
            cookies.remove(name);
        } else {
            cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("text"))
    }

    pub fn location(&self) -> Option<&str> {
        self.header("location")
    }

    /// What a person reads: the text of the main part and of the toasts, blanks folded.
    pub fn text(&self) -> String {
        let from = self.body.find("<main").unwrap_or(0);
        let mut text = String::new();
        let mut in_tag = false;
        for letter in self.body[from..].chars() {
            match letter {
                '<' => {
                    in_tag = true;
                    text.push(' ');
                }
                '>' if in_tag => in_tag = false,
                _ if in_tag => {}
                letter => text.push(letter),
            }
        }
        let text =
            text.replace("&amp;", "&").replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Complains with the page if a person does not read this.
    #[track_caller]
    pub fn says(&self, what: &str) {
        let text = self.text();
        assert!(text.contains(what), "{what:?} is not in: {text}");
    }

    /// Complains if a person reads this.
    #[track_caller]
    pub fn does_not_say(&self, what: &str) {
        let text = self.text();
        assert!(!text.contains(what), "{what:?} is in: {text}");
    }
}

/// A stream of events.
pub struct Stream {
    body: Body,
    heard: String,
}

impl Stream {
    /// The name of the next event; none when the stream has ended.
    pub async fn next(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.heard.find("\n\n") {
                let event: String = self.heard.drain(..end + 2).collect();
                if let Some(name) = event.lines().find_map(|line| line.strip_prefix("event: ")) {
                    return Some(name.to_owned());
                }
                continue;
            }
            let frame = tokio::time::timeout(PATIENCE, self.body.frame()).await.expect("something is told");
            let bytes = frame?.expect("the stream holds").into_data().expect("events have no trailers");
            self.heard.push_str(std::str::from_utf8(&bytes).expect("UTF-8"));
        }
    }

    /// All events up to this one.
    pub async fn until(&mut self, name: &str) -> Vec<String> {
        let mut all = Vec::new();
        while let Some(event) = self.next().await {
            let is_it = event == name;
            all.push(event);
            if is_it {
                return all;
            }
        }
        panic!("the stream ended after {all:?}, before {name}");
    }
}
