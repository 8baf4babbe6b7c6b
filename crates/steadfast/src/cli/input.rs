//! Arguments from the command line, checked before anything is sent.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

use super::{args::InputArgs, problem::Problem};

/// Reads the arguments: JSON texts, in order.
pub fn read(args: &InputArgs) -> Result<Vec<Vec<u8>>, Problem> {
    let inline = args.input.iter().map(|text| match text.strip_prefix('@') {
        Some(file) => from_file(Path::new(file)),
        None => json(text.clone().into_bytes(), "--input"),
    });
    let files = args.input_file.iter().map(|file: &PathBuf| from_file(file));
    inline.chain(files).collect()
}

/// Splits `key=JSON` pairs.
pub fn pair(text: &str) -> Result<(String, Vec<u8>), Problem> {
    let (key, value) = text.split_once('=').ok_or_else(|| {
        Problem::usage(format!("{text:?} is not a pair"))
            .advice("write it as KEY=JSON, such as 'amount=3' or 'city=\"Bern\"'")
    })?;
    Ok((key.to_owned(), json(value.as_bytes().to_vec(), key)?))
}

fn from_file(file: &Path) -> Result<Vec<u8>, Problem> {
    let name = file.display().to_string();
    let mut bytes = Vec::new();
    let read = if name == "-" {
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| ())
    } else {
        std::fs::read(file).map(|content| bytes = content)
    };
    read.map_err(|error| Problem::usage(format!("cannot read {name}")).because(&error))?;
    json(bytes, &name)
}

fn json(bytes: Vec<u8>, origin: &str) -> Result<Vec<u8>, Problem> {
    match serde_json::from_slice::<serde::de::IgnoredAny>(&bytes) {
        Ok(_) => Ok(bytes),
        Err(error) => Err(Problem::usage(format!("{origin} is not JSON: {error}"))
            .advice("a text needs its quotes, for example --input '\"text\"'")),
    }
}
