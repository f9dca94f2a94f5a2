//! The pages: how long one takes in the server with many leads and with few, how many a second come out of it over
//! HTTP, and how many assignments a second go in. The load comes from this very process, on the same cores.

use crate::{
    data::{self, NOW, Size},
    list::MANY,
    place::Bench,
    table::Table,
};
use actions::sign_in::{Token, sign_in_first};
use anyhow::{Context, Result, ensure};
use axum::{Router, body::Body};
use domain::{
    ids::{CompanyId, UserId},
    viewer::Sight,
};
use std::{
    env,
    hash::{BuildHasher, Hasher, RandomState},
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};
use store::{
    Store,
    dialect::Engine,
    labels::{self, Label},
    statuses, users,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tower::ServiceExt;

const FEW: Size = Size { leads: 10_000, unassigned: 2_000, agents: 10, cap: 1_200 };
const CLIENTS: usize = 8;
const LOAD: Duration = Duration::from_secs(4);

/// A page with many leads beside the same one with few.
pub async fn measure(bench: &Bench, engine: Engine, table: &mut Table) -> Result<()> {
    let few = serve(data::build_or_find(bench, engine, "pages", FEW).await?.open().await?).await?;
    let many = serve(data::build_or_find(bench, engine, "pages", MANY).await?.open().await?).await?;
    for (few_case, many_case) in addresses(&few).await?.into_iter().zip(addresses(&many).await?) {
        let Case { name, most_ms, .. } = &many_case;
        if env::var("EVENHAND_BENCH_PAGES").is_ok_and(|wanted| !name.contains(&wanted)) {
            continue;
        }
        let [few, many] = side_by_side([(&few, &few_case), (&many, &many_case)]).await?;
        let ratio = many.median / few.median;
        let flat = *most_ms <= 3.0;
        let kept = many.median <= *most_ms && (!flat || ratio <= 1.3);
        let mut told = format!("{:.2} ms; of 10,000 leads {:.2} ms; {ratio:.2} ×", many.median, few.median);
        if engine == Engine::Sqlite
            && let (Some(few), Some(many)) = (few.processor, many.processor)
        {
            told.push_str(&format!("; processor {many:.2} and {few:.2} ms, {:.2} ×", many / few));
        }
        let asked = format!("≤ {most_ms} ms{}", if flat { ", ≤ 1.3 ×" } else { "" });
        table.alone(&format!("Leads page of 1,000,000 leads, {name}"), engine, told, Some((asked, kept)));
    }
    Ok(())
}

/// A page, with what it may take.
struct Case {
    name: String,
    most_ms: f64,
    /// One for each value of the filter.
    queries: Vec<String>,
}

struct Served {
    store: Store,
    company: CompanyId,
    router: Router,
    cookie: String,
}

async fn serve(store: Store) -> Result<Served> {
    let company = data::known(&store).await?.company.id;
    let admin = users::by_email(store.read().await?.session(), company, "admin@example.com").await?;
    // A kept database knows the tokens of earlier times.
    let mut random = [7; 32];
    random[..8].copy_from_slice(&RandomState::new().build_hasher().finish().to_le_bytes());
    let token = Token::from_random(random);
    sign_in_first(&store, company, admin.context("there is an admin")?, &token, "the bench", NOW).await?;
    let site = web::Site::new(web::Settings {
        store: store.clone(),
        clock: Arc::new(|| NOW),
        chance: Arc::new(|| Ok([9; 32])),
        first_run_token: None,
        upload_bytes_max: 1 << 20,
        https: false,
    })?;
    let cookie = format!("evenhand_session={}", token.as_text());
    Ok(Served { store, company, router: web::router(site), cookie })
}

/// What a page takes, in milliseconds.
struct Took {
    /// The median, from the request to the last byte, without a network.
    median: f64,
    /// The mean of this thread's processor time, where the system tells it: what a busy machine changes least. The
    /// embedded database works in this thread, a server does not.
    processor: Option<f64>,
}

/// What both take. They take turns, so that a busy machine slows both.
async fn side_by_side(sides: [(&Served, &Case); 2]) -> Result<[Took; 2]> {
    let mut measured = [(Vec::new(), 0.0), (Vec::new(), 0.0)];
    let begun = Instant::now();
    for round in 0.. {
        for ((served, case), (times, processor)) in sides.iter().zip(&mut measured) {
            let before = processor_ms();
            for query in &case.queries {
                let started = Instant::now();
                let bytes = get(served, &format!("/leads?{query}")).await?;
                ensure!(bytes > 10_000, "{}: {query} gives {bytes} bytes", case.name);
                if round > 0 {
                    times.push(started.elapsed());
                }
            }
            if round > 0 {
                *processor += processor_ms().zip(before).map_or(f64::NAN, |(after, before)| after - before);
            }
        }
        let enough = measured.iter().all(|(times, _)| times.len() >= 200);
        if round >= 2 && (enough || begun.elapsed() > Duration::from_secs(2)) {
            break;
        }
    }
    Ok(measured.map(|(mut times, processor)| {
        times.sort_unstable();
        let processor = Some(processor / times.len() as f64).filter(|mean| mean.is_finite());
        Took { median: times[times.len() / 2].as_secs_f64() * 1e3, processor }
    }))
}

/// The processor time of this thread so far; on Linux.
fn processor_ms() -> Option<f64> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(told.split_whitespace().next()?.parse::<f64>().ok()? / 1e6)
}

async fn get(served: &Served, address: &str) -> Result<usize> {
    let request = http::Request::get(address).header("cookie", &served.cookie).body(Body::empty())?;
    let response = served.router.clone().oneshot(request).await?;
    ensure!(response.status() == 200, "{address}: {}", response.status());
    Ok(axum::body::to_bytes(response.into_body(), usize::MAX).await?.len())
}

/// The pairs that have a limit of their own, some others, and searches, with what each may take.
async fn addresses(served: &Served) -> Result<Vec<Case>> {
    let mut reader = served.store.read().await?;
    let (session, company) = (reader.session(), served.company);
    let statuses: Vec<String> =
        statuses::list(session, company).await?.iter().map(|status| status.id.to_string()).collect();
    let owners: Vec<String> = users::members(session, company)
        .await?
        .iter()
        .filter(|member| member.is_receiver())
        .take(40)
        .map(|member| member.id.to_string())
        .collect();
    let mut filters = vec![("nothing", vec![String::new()]), ("status", statuses), ("owner", owners)];
    for (name, label) in [("tag", Label::Tag), ("source", Label::Source), ("branch", Label::Branch)] {
        let known = labels::list(session, company, label, 40).await?;
        filters.push((name, known.into_iter().map(|(id, _)| id.to_string()).collect()));
    }
    let mut all = Vec::new();
    for (filter, values) in &filters {
        for sort in ["newest", "activity", "name"] {
            let queries = values
                .iter()
                .filter(|value| *filter != "status" || Some(*value) != values.last())
                .map(|value| format!("{filter}={value}&sort={sort}"))
                .collect();
            all.push(Case { name: format!("{filter} × {sort}"), most_ms: 3.0, queries });
        }
    }
    let one = |place: usize| filters[place].1[0].clone();
    for query in [
        format!("status={}&owner={}&tag={}", one(1), one(2), one(3)),
        format!("source={}&branch={}&sort=name", one(4), one(5)),
        format!("tag={}&doubtful=on&sort=activity", one(3)),
        "created=earlier&sort=name".to_owned(),
        format!("q=asha&status={}&sort=activity", one(1)),
    ] {
        all.push(Case { name: query.clone(), most_ms: 300.0, queries: vec![query] });
    }
    let typed = ["a", "as", "asha1", "asha12 sha", "sharma99", "98", "9800", "3210", "asha.sharma.77", "zzz"];
    for word in typed {
        let q = word.replace(' ', "+");
        all.push(Case {
            name: format!("search “{word}”"), most_ms: 30.0, queries: vec![format!("q={q}")]
        });
    }
    // A search that finds nothing gives a short page.
    all.retain(|case| !case.name.contains("zzz"));
    Ok(all)
}

/// Pages out and assignments in, with several clients on connections that stay open.
pub async fn measure_over_http(bench: &Bench, engine: Engine, table: &mut Table) -> Result<()> {
    let size = Size { leads: 200_000, unassigned: 200_000, agents: 1_000, cap: 300 };
    let place = data::build(bench, engine, "http", size).await?;
    let served = serve(place.open().await?).await?;
    let agents: Vec<UserId> = users::members(served.store.read().await?.session(), served.company)
        .await?
        .iter()
        .filter(|member| member.is_receiver())
        .map(|member| member.id)
        .collect();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let serving = tokio::spawn(axum::serve(listener, served.router.clone()).into_future());

    let page = format!("GET /leads HTTP/1.1\r\nhost: bench\r\ncookie: {}\r\n\r\n", served.cookie);
    let pages = load(address, move |_| page.clone(), "200").await?;
    let claim = (engine == Engine::Sqlite).then(|| ("≥ 1,500 a second".into(), pages >= 1_500.0));
    table.alone(&format!("Leads pages by HTTP, {CLIENTS} clients"), engine, format!("{pages:.0}/s"), claim);

    let next = Arc::new(AtomicI64::new(1));
    let cookie = served.cookie.clone();
    let assigning = load(
        address,
        move |_| {
            let lead = next.fetch_add(1, Ordering::Relaxed);
            let agent = agents[(lead * 31) as usize % agents.len()];
            let body = format!("agent={agent}&version=1&exceed_cap=on");
            format!(
                "POST /leads/{lead}/assignment HTTP/1.1\r\nhost: bench\r\ncookie: {cookie}\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            )
        },
        "303",
    );
    let assigned = assigning.await?;
    let claim = (engine == Engine::Sqlite).then(|| ("≥ 2,000 a second".into(), assigned >= 2_000.0));
    table.alone(
        &format!("assignments by HTTP, {CLIENTS} clients"),
        engine,
        format!("{assigned:.0}/s"),
        claim,
    );
    serving.abort();
    let mut reader = served.store.read().await?;
    let found = store::doctor::examine(reader.session(), served.company).await?;
    ensure!(found.is_empty(), "after the load the counters are off: {found:?}");
    let filter =
        domain::lead_list::Filter { owner: Some(domain::lead_list::Owner::Nobody), ..Default::default() };
    let left = store::lists::count(reader.session(), served.company, &filter, Sight::All, 1_000_000).await?;
    ensure!((left as u64) < size.leads, "no lead was assigned");
    Ok(())
}

/// Requests a second.
async fn load(
    address: SocketAddr,
    request: impl Fn(usize) -> String + Clone + Send + Sync + 'static,
    status: &'static str,
) -> Result<f64> {
    let started = Instant::now();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let request = request.clone();
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                let (mut answered, mut buffer) = (0_u64, Vec::with_capacity(256 * 1024));
                while started.elapsed() < LOAD {
                    stream.write_all(request(client).as_bytes()).await?;
                    read_answer(&mut stream, &mut buffer, status).await?;
                    answered += 1;
                }
                anyhow::Ok(answered)
            })
        })
        .collect();
    let mut answered = 0;
    for client in clients {
        answered += client.await??;
    }
    Ok(answered as f64 / started.elapsed().as_secs_f64())
}

/// Reads one answer with a content length.
async fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>, status: &str) -> Result<()> {
    buffer.clear();
    loop {
        ensure!(stream.read_buf(buffer).await? > 0, "the server closed the connection");
        let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = std::str::from_utf8(&buffer[..end])?.to_ascii_lowercase();
        ensure!(head.starts_with(&format!("http/1.1 {status}")), "{head}");
        let length: usize = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .context("an answer says its length")?
            .trim()
            .parse()?;
        while buffer.len() < end + 4 + length {
            ensure!(stream.read_buf(buffer).await? > 0, "the server closed the connection");
        }
        return Ok(());
    }
}
