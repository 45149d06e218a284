#include "tools/replay/export/export.h"

#include <algorithm>
#include <stdexcept>

#include "adapters/keys/rfc4648.h"
#include "adapters/queries/event_filter.h"
#include "adapters/queries/source_address.h"
#include "adapters/siem/line_text.h"
#include "projections/merkle_leaf.h"
#include "tools/replay/export/bundle_entry.h"
#include "tools/replay/export/export_directory.h"
#include "tools/replay/export/line_format.h"
#include "tools/replay/history.h"
#include "tools/replay/leaf_tree.h"
#include "tools/replay/names.h"
#include "tools/replay/prove.h"

namespace countersign::replay {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t events_between_keeps = 16'384;

Moment moment_of(const std::string& text, const char* option) {
  if (text.empty()) return {};
  const auto moment = Moment::parse(text);
  if (!moment) throw std::invalid_argument(std::string(option) + ": a time, a position or #SEQUENCE is expected");
  return *moment;
}

queries::EventFilter filter_of(const std::string& text, const AuditedLog& log) {
  std::optional<keys::Lookup> lookup;
  if (log.keys()) lookup.emplace(log.keys()->cluster().lookup.key);
  bool without_keys = false;
  auto parsed = queries::EventFilter::parse(text, [&](std::string_view address) {
    without_keys = !lookup;
    return lookup ? queries::source_digest(*lookup, address) : std::nullopt;
  });
  if (without_keys)
    throw std::runtime_error("client.ip is found by its keyed digest, which takes the master key: " +
                             log.why_no_keys());
  if (const auto* error = std::get_if<queries::FilterError>(&parsed))
    throw std::invalid_argument("--filter: character " + std::to_string(error->position + 1) + ": " + error->detail);
  return std::get<queries::EventFilter>(std::move(parsed));
}

std::optional<std::vector<keys::PublicKey>> known_keys(const AuditedLog& log) {
  if (!log.keys()) return std::nullopt;
  auto known = log.keys()->former_signing_keys();
  known.push_back(keys::public_key_of(log.keys()->cluster().signing.key));
  return known;
}

queries::DisplayNames in_utf8(queries::DisplayNames names) {
  return {siem::valid_utf8(std::move(names.actor)), siem::valid_utf8(std::move(names.subject)),
          siem::valid_utf8(std::move(names.target))};
}

/// The account at its end and the tree over its leaves, made on the first way through the log.
struct Whole {
  explicit Whole(domain::AccountId account) : state(account) {}
  AccountFold state;
  LeafTree tree;
  Reached reached;
};

Whole read_whole(AuditedLog& log, domain::AccountId account, const Progress& progress) {
  Whole whole(account);
  whole.reached = walk(
      log, account, {},
      [&](const domain::EventView& event, std::string_view bytes, bus::FrameNumber) {
        whole.state.take(event);
        whole.tree.append(projections::hash_of_leaf(projections::merkle_leaf(event, bytes)));
        return true;
      },
      progress);
  return whole;
}

std::string root_text(const Whole& whole, std::uint64_t size) {
  return keys::base64(bus::view(whole.tree.root(size)));
}

Manifest begin(const ExportQuestion& question, const Whole& whole, const std::optional<notary::SignedHead>& head) {
  Manifest manifest;
  manifest.question = question;
  manifest.end_sequence = whole.state.events();
  manifest.log_time = queries::rfc3339(whole.reached.time);
  if (!question.bundle) return manifest;
  if (!head)
    throw std::runtime_error("no head of " + account_text(question.account) +
                             " has been signed, and a bundle is checked against one: ask the server once for "
                             "GET /v1/log/checkpoint");
  manifest.checkpoint = head->note;
  manifest.verifier_key = head->key.text();
  manifest.end_sequence = head->checkpoint.head.size;
  if (manifest.end_sequence > whole.tree.size() || whole.tree.root(manifest.end_sequence) != head->checkpoint.head.root)
    throw std::runtime_error("the log of " + account_text(question.account) +
                             " is not the one that was signed: countersign-replay verify says more");
  return manifest;
}

class Exporter {
 public:
  Exporter(const ExportQuestion& question, const AuditedLog& log, const Whole& whole, ExportDirectory& files,
           Manifest& manifest, const LineFormat& format)
      : question_(question),
        log_(log),
        whole_(whole),
        files_(files),
        manifest_(manifest),
        format_(format),
        filter_(filter_of(question.filter, log)),
        from_(moment_of(question.from, "--from")),
        names_(whole.state, log) {}

  bool wants(const domain::EventView& event, bus::FrameNumber frame) const {
    return event.sequence() > manifest_.done.sequence && from_.begins_before(event, frame) && filter_.matches(event);
  }

  void write(const domain::EventView& event, std::string_view bytes, bus::FrameNumber frame) {
    BundleEntry entry;
    entry.sequence = event.sequence();
    entry.names = in_utf8(names_.of(event));
    entry.position = queries::text_of(queries::Position{log_.identity(), frame});
    if (question_.bundle) {
      entry.event = bytes;
      entry.proof = whole_.tree.inclusion(event.sequence() - 1, manifest_.end_sequence);
      entry.disclosed = disclose(event, whole_.state, whole_.reached.time, log_.seal_keys(question_.account));
      files_.append(std::string(bundle_file), text_of(entry));
    }
    files_.append(format_.file_name(), format_.line(event_of(entry, event)));
    note(event, entry.disclosed);
  }

  /// Everything up to this sequence has been looked at.
  void keep(std::uint64_t sequence) {
    manifest_.done.sequence = sequence;
    manifest_.done.root = root_text(whole_, sequence);
    files_.keep(manifest_);
  }

 private:
  /// In a bundle a line shows what the bundle discloses, so that it can be checked; otherwise all that the keys open.
  queries::RenderedEvent event_of(const BundleEntry& entry, const domain::EventView& event) const {
    if (!question_.bundle)
      return queries::describe(event, names_.personal(event).value_or(domain::Personal{}), entry.names, entry.position);
    auto made = rendered(entry, event);
    if (!made)
      throw std::runtime_error("event " + std::to_string(event.sequence()) +
                               " doesn't open under its key: countersign-replay verify says more");
    return *std::move(made);
  }

  void note(const domain::EventView& event, const Disclosure& disclosed) {
    auto& done = manifest_.done;
    if (done.events++ == 0) {
      done.first_sequence = event.sequence();
      done.first_time = event.time();
    }
    done.last_sequence = event.sequence();
    done.last_time = event.time();
    if (!question_.bundle) return;
    if (disclosed.key)
      ++done.keys;
    else
      ++done.withheld[disclosed.withheld];
  }

  const ExportQuestion& question_;
  const AuditedLog& log_;
  const Whole& whole_;
  ExportDirectory& files_;
  Manifest& manifest_;
  const LineFormat& format_;
  const queries::EventFilter filter_;
  const Moment from_;
  Names names_;
};

/// Nothing below the data directory is ever written.
void refuse_inside(const fs::path& directory, const fs::path& data) {
  const auto inner = fs::weakly_canonical(fs::absolute(directory)), outer = fs::weakly_canonical(fs::absolute(data));
  const auto [a, b] = std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end());
  if (a == outer.end())
    throw std::runtime_error(directory.string() + " lies in the data directory, where nothing is written");
}

/// Whether the log still begins with what has been exported.
void require_same_log(const Manifest& manifest, const Whole& whole) {
  const auto& done = manifest.done;
  if (manifest.end_sequence > whole.tree.size() || done.sequence > whole.tree.size() ||
      (done.sequence > 0 && root_text(whole, done.sequence) != done.root))
    throw std::runtime_error("the log is not the one that the export was begun with: it begins with other events");
}

}  // namespace

Exported export_events(const Source& source, const ExportQuestion& question, const fs::path& directory,
                       const Progress& progress) {
  const auto format = LineFormat::parse(question.format);
  if (!format) throw std::invalid_argument("--format: native, ocsf, ecs, cef, leef or csv is expected");
  const auto to = moment_of(question.to, "--to");
  refuse_inside(directory, source.directory);
  Exported result;
  AuditedLog first(source);
  // The head before the log, which a server may be writing.
  const auto head = question.bundle ? last_signed(source, question.account, known_keys(first)) : std::nullopt;
  filter_of(question.filter, first);
  ExportDirectory files(directory, question);
  if (files.is_whole()) {
    result.manifest = *files.begun();
    result.was_whole = true;
    return result;
  }
  const auto whole = read_whole(first, question.account, progress);
  if (!whole.state.exists()) throw std::runtime_error("the log has no account " + account_text(question.account));
  result.went_on = files.begun().has_value();
  result.manifest = result.went_on ? *files.begun() : begin(question, whole, head);
  require_same_log(result.manifest, whole);
  if (!first.seal_keys(question.account))
    result.notes.push_back("nothing personal could be opened: " + first.why_no_keys());
  if (question.bundle && result.manifest.end_sequence < whole.state.events())
    result.notes.push_back(std::to_string(whole.state.events() - result.manifest.end_sequence) +
                           " events are newer than the last signed head and are left out");

  AuditedLog log(source);
  Exporter exporter(question, log, whole, files, result.manifest, *format);
  if (!result.went_on) files.begin(result.manifest);
  if (files.kept_bytes(format->file_name()) == 0) files.append(format->file_name(), format->header());
  if (question.bundle) files.append(std::string(bundle_file), "");
  exporter.keep(result.manifest.done.sequence);
  walk(
      log, question.account, to,
      [&](const domain::EventView& event, std::string_view bytes, bus::FrameNumber frame) {
        if (event.sequence() > result.manifest.end_sequence) return false;
        if (exporter.wants(event, frame)) exporter.write(event, bytes, frame);
        if (event.sequence() > result.manifest.done.sequence && event.sequence() % events_between_keeps == 0)
          exporter.keep(event.sequence());
        return true;
      },
      progress);
  files.finish(result.manifest);
  return result;
}

}  // namespace countersign::replay
