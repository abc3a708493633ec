//! `generate`: what a cluster needs to scale by lag and to watch it. Text for people to read and keep: nothing is applied.

mod adapter;
mod apiservice;
mod behavior;
mod cert;
mod hpa;
mod keda;
mod monitor;
mod plan;
mod rbac;
mod rules;
mod yaml;

use anyhow::Context as _;
use lag_runtime::system_clock;
use std::fs;

use crate::{
    cli::{
        Code,
        generate::{FileArgs, What},
    },
    output,
};

pub(crate) fn run(what: What) -> anyhow::Result<Code> {
    match what {
        What::Hpa(args) => {
            let plan = super::block_on(plan::make(&args.scaling, args.read.clone()))?;
            deliver(&args.file, &hpa::render(&plan, &args)?)
        }
        What::Keda(args) => {
            let plan = super::block_on(plan::make(&args.scaling, args.read.clone()))?;
            deliver(&args.file, &keda::render(&plan, &args)?)
        }
        What::AdapterRules(args) => deliver(&args.file, &adapter::render(&args)),
        What::Apiservice(args) => {
            let text = apiservice::render(&args, &apiservice::trust(&args)?);
            deliver(&args.file, &text)
        }
        What::PrometheusRules(args) => deliver(&args.file, &rules::render(&args)),
        What::Servicemonitor(args) => deliver(&args.file, &monitor::render(&args)),
        What::Rbac(args) => deliver(&args.file, &rbac::render(&args)),
        What::ServingCert(args) => {
            let said = cert::make(&args, system_clock()())?;
            output::write(said.as_bytes())?;
            Ok(Code::Done)
        }
    }
}

/// Begins with the mark of a document, so that files can be joined.
fn deliver(file: &FileArgs, text: &str) -> anyhow::Result<Code> {
    let text = format!("---\n{text}");
    match &file.output_file {
        None => output::write(text.as_bytes())?,
        Some(path) => fs::write(path, text)
            .with_context(|| format!("--output-file {} cannot be written", path.display()))?,
    }
    Ok(Code::Done)
}

#[cfg(test)]
mod tests;
