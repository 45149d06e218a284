#include "adapters/notary/erasure_list.h"

#include <charconv>
#include <sstream>

#include "adapters/keys/master_key.h"

namespace countersign::notary {
namespace {

constexpr std::string_view title = "countersign-erasures v1\n";
constexpr std::size_t most_list_bytes = 64u << 20;

std::string cluster_text(const bus::LogIdentity& log) {
  return keys::hex({reinterpret_cast<const char*>(log.cluster.data()), log.cluster.size()});
}

/// Takes the first line off, without its end.
std::string_view take_line(std::string_view& text) {
  const auto line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  return line;
}

std::string flaw_text(NoteFlaw flaw) {
  switch (flaw) {
    case NoteFlaw::forged: return "is forged: it names a key of this installation that hasn't signed it";
    case NoteFlaw::unknown_key:
      return "is not signed by a key of this installation: if the signing key was changed after the backup, give the "
             "newer one's verifier key with --erasures-key";
    case NoteFlaw::malformed: break;
  }
  return "is not signed, or was cut off: countersign-replay erasures makes and signs such a list";
}

}  // namespace

std::string sign_erasures(const ErasureList& list, const keys::Key& seed) {
  auto text = std::string(title) + cluster_text(list.log) + "\n" + std::to_string(list.frame) + "\n";
  for (const auto& [account, user] : list.people) text += account_text(account) + " " + user.text() + "\n";
  return sign_note(text, std::string(erasures_key_name), seed);
}

std::variant<ErasureList, std::string> open_erasures(std::string_view text, std::span<const keys::PublicKey> known,
                                                     const bus::LogIdentity& log) {
  std::vector<VerifierKey> keys;
  for (const auto& key : known) keys.push_back({std::string(erasures_key_name), key});
  const auto opened = open_note(text, keys, most_list_bytes);
  if (const auto* flaw = std::get_if<NoteFlaw>(&opened)) return flaw_text(*flaw);
  std::string_view rest = std::get<OpenedNote>(opened).text;
  if (!rest.starts_with(title)) return "is signed, but no list of erasures that this release can read";
  rest.remove_prefix(title.size());
  ErasureList list{log, 0, {}};
  if (take_line(rest) != cluster_text(log)) return "is another installation's";
  const auto frame = take_line(rest);
  const auto [end, error] = std::from_chars(frame.data(), frame.data() + frame.size(), list.frame);
  auto people = parse_people(rest);
  if (error != std::errc() || end != frame.data() + frame.size() || std::holds_alternative<std::size_t>(people))
    return "is signed, but can't be read";
  list.people = std::get<std::vector<keys::Subject>>(std::move(people));
  return list;
}

std::variant<std::vector<keys::Subject>, std::size_t> parse_people(std::string_view text) {
  std::vector<keys::Subject> people;
  for (std::size_t number = 1; !text.empty(); ++number) {
    std::istringstream words{std::string(take_line(text))};
    std::string account, user, more;
    if (!(words >> account)) continue;
    words >> user >> more;
    const auto a = domain::parse_account(account);
    const auto u = domain::UserId::parse(user);
    // A list that was cut off must not pass for a shorter one: somebody would be there again.
    if (!a || !u || !more.empty()) return number;
    people.push_back({*a, *u});
  }
  return people;
}

}  // namespace countersign::notary
