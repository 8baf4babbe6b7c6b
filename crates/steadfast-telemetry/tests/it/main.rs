//! Telemetry as a program has it: installed once, scraped and collected over real sockets.
//!
//! One test, because a process has one subscriber.

#![expect(clippy::unwrap_used, reason = "a test's helpers panic like the test itself")]

use std::{net::SocketAddr, time::Duration};

use opentelemetry::KeyValue;
use steadfast_telemetry::{
    Error, LogFormat, Readiness, ReadinessReporter, TelemetryConfig, install,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::timeout,
};

const DEADLINE: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_are_scraped_and_spans_collected() {
    let (collector, mut requests) = start_collector().await;
    let config = TelemetryConfig {
        service_name: "steadfast-telemetry-test".to_owned(),
        log_format: LogFormat::Json,
        otlp_endpoint: Some(format!("http://{collector}")),
        http_addr: Some(([127, 0, 0, 1], 0).into()),
        ..TelemetryConfig::default()
    };
    let telemetry = install(config.clone()).await.unwrap();
    let http = telemetry.http_addr().unwrap();

    record_metrics();
    let scraped = get(http, "/metrics").await;
    assert!(scraped.contains("content-type: text/plain"), "{scraped}");
    assert!(scraped.contains("steadfast_test_appends_total{partition=\"3\"} 7"), "{scraped}");
    assert!(scraped.contains("steadfast_test_wait_seconds_bucket{le=\"0.0005\"} 1"), "{scraped}");
    assert!(scraped.contains("service_name=\"steadfast-telemetry-test\""), "{scraped}");

    check_readiness(http, &telemetry.readiness()).await;
    check_propagation();

    let again = install(config).await.unwrap_err();
    assert!(matches!(again, Error::Installed), "{again}");

    telemetry.shutdown().await;
    let request = timeout(DEADLINE, requests.recv()).await.unwrap().unwrap();
    assert!(request.head.starts_with("POST /v1/traces HTTP/1.1"), "{}", request.head);
    assert!(request.head.contains("application/x-protobuf"), "{}", request.head);
    assert!(request.contains("steadfast-telemetry-test"));
    assert!(request.contains("append one record"));
    assert!(!request.contains("a library's span"));
    assert!(TcpStream::connect(http).await.is_err(), "it stops serving");
}

fn record_metrics() {
    let meter = opentelemetry::global::meter("steadfast");
    let appends = meter.u64_counter("steadfast_test_appends").build();
    appends.add(7, &[KeyValue::new("partition", 3)]);
    let wait = meter.f64_histogram("steadfast_test_wait").with_unit("s");
    wait.build().record(0.000_3, &[]);
}

async fn check_readiness(http: SocketAddr, readiness: &ReadinessReporter) {
    assert!(get(http, "/healthz").await.starts_with("HTTP/1.1 200"));
    let starting = get(http, "/readyz").await;
    assert!(starting.starts_with("HTTP/1.1 503"), "{starting}");
    assert!(starting.contains("starting"), "{starting}");
    readiness.set(Readiness::Ready);
    assert!(get(http, "/readyz").await.starts_with("HTTP/1.1 200"));
    readiness.set(Readiness::NotReady("NATS is gone".to_owned()));
    assert!(get(http, "/readyz").await.contains("NATS is gone"));
    assert!(get(http, "/healthz").await.starts_with("HTTP/1.1 200"));
}

/// A span of ours has a trace, which the propagator writes as W3C's header.
fn check_propagation() {
    use tracing_opentelemetry::OpenTelemetrySpanExt;

    drop(tracing::info_span!(target: "hyper", "a library's span").entered());
    let span = tracing::info_span!(target: "steadfast_test", "append one record");
    let mut headers = std::collections::HashMap::new();
    opentelemetry::global::get_text_map_propagator(|propagator| {
        propagator.inject_context(&span.context(), &mut headers);
    });
    let traceparent: &String = &headers["traceparent"];
    assert!(traceparent.starts_with("00-") && traceparent.len() == 55, "{traceparent}");
}

/// One HTTP request's answer, headers and all.
async fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer);
    timeout(DEADLINE, read).await.unwrap().unwrap();
    answer
}

/// What a collector receives.
struct Request {
    head: String,
    body: Vec<u8>,
}

impl Request {
    fn contains(&self, text: &str) -> bool {
        let mut windows = self.body.windows(text.len());
        windows.any(|window| window == text.as_bytes())
    }
}

/// A collector that takes everything, and hands it to the test.
async fn start_collector() -> (SocketAddr, mpsc::Receiver<Request>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (received, requests) = mpsc::channel(16);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let request = collect(stream).await;
            received.send(request).await.unwrap();
        }
    });
    (address, requests)
}

async fn collect(mut stream: TcpStream) -> Request {
    let mut bytes = Vec::new();
    let head_end = loop {
        stream.read_buf(&mut bytes).await.unwrap();
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        let wanted = name.eq_ignore_ascii_case("content-length");
        wanted.then(|| value.parse::<usize>().unwrap())
    });
    while bytes.len() < head_end + length.unwrap() {
        stream.read_buf(&mut bytes).await.unwrap();
    }
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    stream.write_all(answer).await.unwrap();
    let body = bytes[head_end..].to_vec();
    Request { head, body }
}
