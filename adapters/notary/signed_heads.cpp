#include "adapters/notary/signed_heads.h"

#include <algorithm>
#include <fstream>
#include <stdexcept>

#include "adapters/keys/master_key.h"
#include "adapters/keys/store_files.h"

namespace countersign::notary {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view being_written = ".new";

std::vector<fs::path> children_of(const fs::path& directory) {
  std::vector<fs::path> children;
  for (const auto& entry : fs::directory_iterator(directory)) children.push_back(entry.path());
  std::ranges::sort(children);
  return children;
}

std::string flaw_of(const FoundHead& found, const std::optional<std::vector<keys::PublicKey>>& known) {
  if (!found.head) return "can't be read: it is damaged";
  const auto& [key, note, checkpoint] = *found.head;
  if (known && std::ranges::find(*known, key.key) == known->end()) return "is by a key that isn't this installation's";
  if (std::holds_alternative<NoteFlaw>(open_note(note, {&key, 1}))) return "is not signed by the key that it names";
  if (checkpoint.origin != key.name || account_of(checkpoint.origin) != found.account) return "is another log's";
  return {};
}

std::optional<SignedHead> parse(const std::string& text) {
  const auto end = text.find('\n');
  if (end == std::string::npos) return std::nullopt;
  const auto key = parse_verifier_key(std::string_view(text).substr(0, end));
  auto note = text.substr(end + 1);
  const auto inner = text_of_note(note);
  const auto checkpoint = inner ? parse_checkpoint(*inner) : std::nullopt;
  if (!key || !checkpoint) return std::nullopt;
  return SignedHead{*key, std::move(note), *checkpoint};
}

}  // namespace

std::vector<FoundHead> read_signed_heads(const fs::path& directory,
                                         const std::optional<std::vector<keys::PublicKey>>& known) {
  std::vector<FoundHead> heads;
  if (!fs::exists(directory)) return heads;
  for (const auto& folder : children_of(directory)) {
    const auto account = domain::parse_account(folder.filename().string());
    if (!account) continue;
    for (const auto& file : children_of(folder)) {
      if (file.string().ends_with(being_written)) continue;
      std::ifstream in(file, std::ios::binary);
      FoundHead found{file, *account, parse({std::istreambuf_iterator<char>(in), {}}), {}};
      found.flaw = flaw_of(found, known);
      heads.push_back(std::move(found));
    }
  }
  return heads;
}

void copy_signed_heads(const fs::path& from, const fs::path& to) {
  fs::create_directory(to);
  if (!fs::exists(from)) return;
  for (const auto& folder : children_of(from)) {
    if (!fs::is_directory(folder)) continue;
    fs::create_directory(to / folder.filename());
    for (const auto& file : children_of(folder))
      if (!file.string().ends_with(being_written)) fs::copy_file(file, to / folder.filename() / file.filename());
  }
}

void write_signed_head(const fs::path& directory, domain::AccountId account, const SignedHead& head) {
  const auto folder = directory / account_text(account);
  if (fs::create_directories(folder)) {
    keys::sync_directory(directory);
    keys::sync_directory(directory.parent_path());
  }
  const auto file = folder / keys::hex(head.key.hash());
  if (const auto error = keys::replace_file(file, head.key.text() + "\n" + head.note))
    throw std::runtime_error("the signed head " + file.string() + " can't be written: " + error.message());
}

}  // namespace countersign::notary
