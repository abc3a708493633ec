# One recipe per step of .ci/run, which holds the commands.

# List the recipes.
default:
    @just --list

# Everything that must hold before a change is merged.
ci:
    .ci/run

# Install what is missing beside Rust (Debian, as root).
tools:
    .ci/run tools

# Cargo.lock fits the manifests.
lock:
    .ci/run lock

# Format of the source.
fmt:
    .ci/run fmt

# Lints, with all features and without the defaults.
clippy:
    .ci/run clippy clippy_no_default

# All tests.
test:
    .ci/run test none_ignored

# Pages of the API, without warnings.
doc:
    .ci/run doc

# The published libraries build from what would be uploaded.
package:
    .ci/run package

# Alerting rules.
rules:
    .ci/run rules

# Licences, duplicates, sources.
deny:
    .ci/run deny

# The container image.
image:
    .ci/run image

# The real programs with real neighbours, beside each other.
e2e:
    .ci/run e2e credentials webhook official_sdk status_page compat

# The whole story with the image and the files of deploy/.
deployed:
    .ci/run deployed

# The Helm chart, dashboards and rules, the release.
chart:
    .ci/run chart dashboards release

# The README and the tutorial, as a reader does them.
tutorial:
    .ci/run tutorial

# What `kafka-lag generate` writes, judged by others.
manifests:
    .ci/run manifests

# Refresh the reference pages that tests compare.
docs:
    UPDATE_DOCS=1 cargo test -p kafka-lag-exporter --test cli the_reference_page
    UPDATE_DOCS=1 cargo test -p kafka-lag --test cli the_reference_page

# What autoscalers read, asked by real clients.
autoscaling:
    .ci/run autoscaling
