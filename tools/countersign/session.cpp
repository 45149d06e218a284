#include "tools/countersign/session.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <cstdlib>
#include <iostream>

#include "tools/countersign/text.h"

namespace countersign::cli {
namespace {

constexpr auto default_server = "http://127.0.0.1:8420";

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::size_t terminal_columns() {
  if (!::isatty(STDOUT_FILENO)) return 0;
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

}  // namespace

Profile chosen(const Options& options, const std::optional<Profile>& stored) {
  Profile result;
  result.server = !options.server.empty() ? options.server : environment("COUNTERSIGN_SERVER");
  if (result.server.empty()) result.server = stored ? stored->server : default_server;
  result.ca_file = !options.ca_file.empty() ? options.ca_file : environment("COUNTERSIGN_CA_FILE");
  const bool same = stored && stored->server == result.server;
  if (result.ca_file.empty() && same) result.ca_file = stored->ca_file;
  if (!options.key_file.empty())
    result.key = read_key_file(options.key_file);
  else if (const auto key = environment("COUNTERSIGN_KEY"); !key.empty())
    result.key = key;
  else if (same)
    result.key = stored->key;
  return result;
}

Api Session::make(bool with_key) {
  auto where = chosen(options, load_profile(profile_path()));
  if (!http_) http_ = std::make_unique<HttpClient>(where.server, where.ca_file);
  if (!with_key) return {*http_, ""};
  if (where.key.empty())
    throw LocalError("No key for " + where.server +
                     ": use --key-file FILE, set COUNTERSIGN_KEY, or log in (countersign login --help).");
  if (!http_->is_private()) throw LocalError("The key would go to " + where.server + " in clear: use https.");
  return {*http_, where.key};
}

Api& Session::api() {
  if (!api_) api_ = std::make_unique<Api>(make(true));
  return *api_;
}

Api& Session::anonymous() {
  if (!anonymous_) anonymous_ = std::make_unique<Api>(make(false));
  return *anonymous_;
}

void Session::add_paging(CLI::App& command, Paging& paging) {
  command.add_option("--limit", paging.limit, "Show this many at most (100)")->check(CLI::PositiveNumber);
  command.add_flag("--all", paging.all, "Show all, page after page");
}

void Session::show_list(std::string_view path, Parameters parameters, const std::vector<Column>& columns,
                        const Paging& paging) {
  bool more = false;
  show(api().list(path, std::move(parameters), paging.all ? 0 : paging.limit, &more), columns);
  if (more) std::cerr << "There are more: --all shows them, --limit N shows N.\n";
}

void Session::show(const boost::json::array& items, const std::vector<Column>& columns, bool titles) const {
  if (options.json) {
    for (const auto& item : items) std::cout << escaped_json(boost::json::serialize(item)) << '\n';
  } else {
    std::cout << table(items, columns, terminal_columns(), titles);
  }
}

void Session::show(const boost::json::object& object) const {
  if (options.json)
    std::cout << escaped_json(boost::json::serialize(object)) << '\n';
  else
    std::cout << details(object);
}

void Session::say(const std::string& text) const {
  if (!options.json) std::cout << text << '\n';
}

}  // namespace countersign::cli
