#include "tools/replay/export/bundle_check.h"

#include <fstream>
#include <functional>

#include "adapters/notary/checkpoint.h"
#include "adapters/notary/signed_note.h"
#include "adapters/queries/event_filter.h"
#include "projections/merkle_leaf.h"
#include "tools/replay/export/bundle_entry.h"
#include "tools/replay/export/line_format.h"

namespace countersign::replay {

namespace fs = std::filesystem;

namespace {

/// Ends the check.
struct Flaw {
  std::string text;
};

std::string read_text(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in) throw Flaw{file.string() + " can't be read"};
  return text;
}

std::string name_of(const BundleEntry& entry) {
  return "the event with sequence " + std::to_string(entry.sequence);
}

Manifest read_manifest(const fs::path& directory) {
  if (!fs::exists(directory / manifest_file))
    throw Flaw{directory.string() + " holds no " + std::string(manifest_file) +
               (fs::exists(directory / progress_file) ? ": the export was cut off" : ": it is no export")};
  auto manifest = parse_manifest(read_text(directory / manifest_file));
  if (!manifest) throw Flaw{(directory / manifest_file).string() + " can't be read"};
  if (!manifest->question.bundle)
    throw Flaw{directory.string() + " is an export without a bundle: nothing in it proves anything"};
  return *std::move(manifest);
}

void check_files(const fs::path& directory, const Manifest& manifest) {
  const auto format = LineFormat::parse(manifest.question.format);
  if (!format) throw Flaw{"the manifest names the unknown format " + manifest.question.format};
  for (const auto& wanted : {format->file_name(), std::string(bundle_file)}) {
    const auto listed = std::ranges::find(manifest.files, wanted, &ExportedFile::name);
    if (listed == manifest.files.end()) throw Flaw{"the manifest doesn't list " + wanted};
    const auto file = directory / wanted;
    if (!fs::exists(file)) throw Flaw{file.string() + " is missing"};
    if (fs::file_size(file) != listed->bytes || sha256_of_file(file.string()) != listed->sha256)
      throw Flaw{file.string() + " is not the file that the manifest names: its SHA-256 is another one"};
  }
}

/// The head that all events are held against.
projections::TreeHead check_checkpoint(const Manifest& manifest, const std::string& verifier_key,
                                       std::vector<std::string>& unchecked) {
  const auto key = notary::parse_verifier_key(verifier_key.empty() ? manifest.verifier_key : verifier_key);
  if (!key)
    throw Flaw{verifier_key.empty() ? "the manifest names no verifier key" : "--verifier-key is no verifier key"};
  if (verifier_key.empty())
    unchecked.push_back("whose key has signed the checkpoint: only the bundle itself says that it is " + key->text() +
                        " (--verifier-key)");
  const auto opened = notary::open_note(manifest.checkpoint, {&*key, 1});
  if (const auto* flaw = std::get_if<notary::NoteFlaw>(&opened))
    throw Flaw{*flaw == notary::NoteFlaw::malformed ? "the checkpoint is no signed note"
               : *flaw == notary::NoteFlaw::unknown_key
                   ? "the checkpoint is forged: " + key->name + " has not signed it with the key that is trusted"
                   : "the checkpoint is forged: its signature is not by the key"};
  const auto checkpoint = notary::parse_checkpoint(std::get<notary::OpenedNote>(opened).text);
  if (!checkpoint) throw Flaw{"the checkpoint is none of a log"};
  if (checkpoint->origin != key->name || notary::account_of(checkpoint->origin) != manifest.question.account)
    throw Flaw{"the checkpoint is of another log: " + checkpoint->origin};
  return checkpoint->head;
}

class EntryChecks {
 public:
  EntryChecks(const fs::path& directory, const Manifest& manifest, const projections::TreeHead& head)
      : manifest_(manifest),
        head_(head),
        format_(*LineFormat::parse(manifest.question.format)),
        lines_file_(directory / format_.file_name()),
        lines_(lines_file_, std::ios::binary) {
    // A filter that asks for addresses can't be held against their digests here.
    auto parsed = queries::EventFilter::parse(manifest.question.filter, [this](std::string_view) {
      filter_is_whole_ = false;
      return std::optional<std::array<std::uint8_t, 16>>();
    });
    if (auto* filter = std::get_if<queries::EventFilter>(&parsed); filter && filter_is_whole_) filter_ = *filter;
    expect_text(format_.header(), "its header");
  }

  bool filter_is_whole() const { return filter_is_whole_; }

  void take(const BundleEntry& entry) {
    check_place(entry);
    const auto event = domain::EventView::parse(entry.event);
    if (!event) throw Flaw{name_of(entry) + " can't be read: its bytes were altered, or are of a later release"};
    if (event->account() != manifest_.question.account) throw Flaw{name_of(entry) + " is another account's"};
    if (event->sequence() != entry.sequence)
      throw Flaw{name_of(entry) + " has sequence " + std::to_string(event->sequence()) + " in its clear part"};
    const auto leaf = projections::hash_of_leaf(projections::merkle_leaf(*event, entry.event));
    if (!projections::includes(head_, entry.sequence - 1, leaf, entry.proof)) throw Flaw{unproven(entry, *event)};
    check_key(entry, *event);
    if (!filter_.matches(*event)) throw Flaw{name_of(entry) + " is none that the manifest's filter lets through"};
    const auto shown = rendered(entry, *event);
    if (!shown) throw Flaw{name_of(entry) + " doesn't open under its key"};
    expect_text(format_.line(*shown), "the line of " + name_of(entry));
    last_ = entry.sequence;
    ++taken_;
  }

  void finish() {
    if (taken_ != manifest_.done.events)
      throw Flaw{"the bundle has " + std::to_string(taken_) + " events, its manifest says " +
                 std::to_string(manifest_.done.events)};
    if (taken_ > 0 && last_ != manifest_.done.last_sequence)
      throw Flaw{"the bundle ends with sequence " + std::to_string(last_) + ", its manifest says " +
                 std::to_string(manifest_.done.last_sequence)};
    if (lines_.peek() != std::ifstream::traits_type::eof())
      throw Flaw{lines_file_.string() + " has more lines than the bundle has events"};
  }

 private:
  void check_place(const BundleEntry& entry) const {
    const auto expected = taken_ == 0 ? manifest_.done.first_sequence : last_ + 1;
    if (entry.sequence == 0 || entry.sequence <= last_)
      throw Flaw{name_of(entry) + " comes behind the one with sequence " + std::to_string(last_)};
    if (entry.sequence == expected || (!manifest_.question.filter.empty() && taken_ > 0)) return;
    throw Flaw{"the event with sequence " + std::to_string(expected) + " is missing: what follows is sequence " +
               std::to_string(entry.sequence)};
  }

  /// What must have been changed when the proof doesn't lead to the signed root.
  static std::string unproven(const BundleEntry& entry, const domain::EventView& event) {
    const auto& key = entry.disclosed.key;
    const auto text = name_of(entry) + " (" + event.id().text() + ") is not the one in the signed log: ";
    if (!key || !is_committed(*key, event)) return text + "its bytes or its proof were altered";
    return text + (open_with(*key, event) ? "its proof was altered, or it stands at another place"
                                          : "its clear part or what is sealed was altered");
  }

  static void check_key(const BundleEntry& entry, const domain::EventView& event) {
    const auto& [key, withheld] = entry.disclosed;
    if (!key) {
      const bool sealed = !event.sealed().empty();
      if (sealed == (withheld == Withheld::nothing_sealed))
        throw Flaw{name_of(entry) + " says of itself " + std::string(text_of(withheld)) + ", which isn't so"};
      if (withheld == Withheld::open_registration_code &&
          event.type() != domain::EventType::registration_code_generated)
        throw Flaw{name_of(entry) + " holds no code, for which its key could be left out"};
      return;
    }
    if (!is_committed(*key, event))
      throw Flaw{"the key of " + name_of(entry) + " is not the one that the event commits to"};
    if (!open_with(*key, event)) throw Flaw{name_of(entry) + " doesn't open under its key"};
  }

  /// The rendered file goes on with just this.
  void expect_text(const std::string& text, const std::string& what) {
    std::string found(text.size(), '\0');
    lines_.read(found.data(), static_cast<std::streamsize>(found.size()));
    if (static_cast<std::size_t>(lines_.gcount()) != text.size() || found != text)
      throw Flaw{what + " in " + lines_file_.string() + " doesn't say what the event says: it was changed"};
  }

  const Manifest& manifest_;
  const projections::TreeHead& head_;
  const LineFormat format_;
  const fs::path lines_file_;
  std::ifstream lines_;
  queries::EventFilter filter_;
  bool filter_is_whole_ = true;
  std::uint64_t last_ = 0, taken_ = 0;
};

void check_entries(const fs::path& directory, const Manifest& manifest, const projections::TreeHead& head,
                   std::vector<std::string>& unchecked, const Progress& progress) {
  std::ifstream in(directory / bundle_file, std::ios::binary);
  EntryChecks checks(directory, manifest, head);
  std::string line;
  for (std::uint64_t number = 1; std::getline(in, line); ++number) {
    const auto entry = parse_entry(line);
    if (!entry)
      throw Flaw{(directory / bundle_file).string() + ":" + std::to_string(number) + ": this is no event of a bundle"};
    checks.take(*entry);
    if (progress) progress(0, number);
  }
  checks.finish();
  if (!manifest.question.filter.empty())
    unchecked.push_back("whether other events match the filter, too: only that these are in the log is proven");
  if (!checks.filter_is_whole())
    unchecked.push_back("that these events match the filter: addresses are known by keyed digests");
}

}  // namespace

CheckedBundle check_bundle(const fs::path& directory, const std::string& verifier_key, const Progress& progress) {
  CheckedBundle result;
  try {
    result.manifest = read_manifest(directory);
    check_files(directory, result.manifest);
    const auto head = check_checkpoint(result.manifest, verifier_key, result.unchecked);
    result.head_size = head.size;
    check_entries(directory, result.manifest, head, result.unchecked, progress);
    result.unchecked.push_back("the names of parties in the rendered lines: they are the exporter's word");
  } catch (const Flaw& flaw) {
    result.wrong = flaw.text;
  } catch (const std::exception& error) {  // a file that can't be read
    result.wrong = error.what();
  }
  return result;
}

}  // namespace countersign::replay
