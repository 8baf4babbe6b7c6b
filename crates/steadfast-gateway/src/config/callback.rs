//! Which completion callbacks are taken, and where they may go.
//!
//! Nothing is allowed unless it is named: a callback makes this server send requests for whoever may
//! start a workflow (`callback.allowedAddresses`).

use http::Uri;

/// Bounds of completion callbacks, and where they may go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackRules {
    /// Callbacks per start.
    pub count_max: usize,
    /// Bytes of a URL.
    pub url_bytes_max: usize,
    /// Bytes of a callback's headers, names and values.
    pub header_bytes_max: usize,
    /// Where they may go; one rule that fits is enough.
    pub allowed: Vec<AddressRule>,
}

impl Default for CallbackRules {
    fn default() -> Self {
        Self {
            count_max: 2_000,
            url_bytes_max: 1_000,
            header_bytes_max: 8 << 10,
            allowed: Vec::new(),
        }
    }
}

/// One place, or pattern of places, where callbacks may go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressRule {
    /// The host, with its port if it has one; `*` stands for anything.
    pattern: String,
    /// Whether plain HTTP will do.
    insecure: bool,
}

/// What is no rule for addresses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no address pattern: write https://HOST[:PORT] or http://HOST[:PORT], * for anything"
)]
pub struct NoRule(String);

impl std::str::FromStr for AddressRule {
    type Err = NoRule;

    fn from_str(text: &str) -> Result<Self, NoRule> {
        let (pattern, insecure) = match text.split_once("://") {
            Some(("https", pattern)) => (pattern, false),
            Some(("http", pattern)) => (pattern, true),
            Some(_) | None => return Err(NoRule(text.to_owned())),
        };
        if pattern.is_empty() || pattern.contains('/') {
            return Err(NoRule(text.to_owned()));
        }
        Ok(Self { pattern: pattern.to_owned(), insecure })
    }
}

impl CallbackRules {
    /// Refuses a URL, in Temporal's words.
    pub(crate) fn admit(&self, url: &str) -> Result<(), String> {
        let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
        let is_secure = scheme.eq_ignore_ascii_case("https");
        if !is_secure && !scheme.eq_ignore_ascii_case("http") {
            return Err(format!("invalid url: unknown scheme: {url}"));
        }
        let rest = &url[scheme.len() + "://".len()..];
        if rest.is_empty() || rest.starts_with(['/', '?', '#']) {
            return Err("invalid url: missing host".to_owned());
        }
        // Matched is what the request will be sent to, by the very parser that sends it.
        let parsed =
            url.parse::<Uri>().map_err(|error| format!("invalid callback url: {error}"))?;
        let authority = parsed.authority().map_or("", http::uri::Authority::as_str);
        if authority.contains('@') {
            return Err("invalid url: user and password belong into a header".to_owned());
        }
        for rule in &self.allowed {
            if !matches(&rule.pattern, authority) {
                continue;
            }
            if !is_secure && !rule.insecure {
                return Err(format!(
                    "invalid url: callback address does not allow insecure connections: {url}"
                ));
            }
            return Ok(());
        }
        Err(format!("invalid url: url does not match any configured callback address: {url}"))
    }
}

/// Whether a text is what a pattern says, where `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests;
