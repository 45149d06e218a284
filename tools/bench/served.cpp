#include "tools/bench/served.h"

#include <boost/json.hpp>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "adapters/keys/rfc4648.h"
#include "adapters/otp/otp.h"
#include "tools/bench/load.h"

namespace countersign::bench {
namespace {

namespace json = boost::json;
constexpr std::int64_t period_s = 30;  ///< of the server's TOTP enrolments

json::object expect(const Reply& reply, unsigned status) {
  if (reply.status != status)
    throw std::runtime_error("the server answered " + std::to_string(reply.status) + ": " + reply.body);
  return json::parse(reply.body).as_object();
}

std::string text(const json::object& body, std::string_view name) {
  return std::string(body.at(name).as_string());
}

std::string first_line(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

std::string post_request(std::string_view target, std::string_view key, std::string_view type, std::string_view body) {
  std::string out = "POST " + std::string(target) + " HTTP/1.1\r\nHost: 127.0.0.1\r\n";
  if (!key.empty()) out.append("Authorization: Bearer ").append(key).append("\r\n");
  out.append("Content-Type: ").append(type).append("\r\nContent-Length: ").append(std::to_string(body.size()));
  return out.append("\r\n\r\n").append(body);
}

}  // namespace

Served::Served(const Plan& plan, const std::filesystem::path& directory, unsigned threads, std::optional<int> cpu)
    : plan_(plan), directory_(directory), threads_(threads), cpu_(cpu) {
  if (!std::filesystem::exists(plan_.server)) throw CannotRun{plan_.server.string() + " isn't there: build it first"};
  start();
  auto http = client();
  const auto root = first_line(directory_ / "data" / "root-key");
  admin_key_ = text(expect(http->post("/v1/accounts", root, R"({"name":"Bench"})"), 201), "admin_key");
  const auto made = expect(http->post("/v1/api-keys", admin_key_, R"({"name":"gateway","role":"gateway"})"), 201);
  gateway_key_ = text(made, "key");
}

void Served::start() {
  const std::vector<std::string> command = {plan_.server.string(),
                                            "--data-dir",
                                            (directory_ / "data").string(),
                                            "--listen",
                                            "127.0.0.1:0",
                                            "--threads",
                                            std::to_string(threads_),
                                            "--limits-redeem-failures-per-source",
                                            "0",
                                            "--log-level",
                                            "warning"};
  child_ = std::make_unique<Child>(command, directory_ / "log", cpu_);
  port_ = child_->port();
}

double Served::restart() {
  child_->stop();
  const Stopwatch watch;
  start();
  return watch.seconds();
}

void Served::wait_for(const std::string& operation) {
  auto http = client();
  for (;;) {
    const auto body = expect(http->get("/v1/operations/" + operation, admin_key_), 200);
    const auto status = text(body, "status");
    if (status == "done") {
      if (body.at("failed").to_number<std::uint64_t>() != 0) throw std::runtime_error("rows failed");
      return;
    }
    if (status == "failed") throw std::runtime_error("an operation failed: " + json::serialize(body));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

/// Seconds that it took.
double Served::import_users(std::size_t count) {
  std::string csv = "First name,Last name,Email\n";
  for (std::size_t i = 0; i < count; ++i) {
    const auto number = std::to_string(++imported_);
    csv.append("First").append(number).append(",Last").append(number).append(",user").append(number);
    csv.append("@example.com\n");
  }
  auto http = client();
  const Stopwatch watch;
  wait_for(text(expect(http->post("/v1/users/import", admin_key_, std::move(csv), "text/csv"), 202), "operation_id"));
  return watch.seconds();
}

Served::Took Served::add_users(std::size_t count) {
  Took took;
  took.import_s = import_users(count);
  auto http = client();
  const Stopwatch generate;
  const auto begun = http->post("/v1/registration-codes/generate-for-new-users", admin_key_, "");
  wait_for(text(expect(begun, 202), "operation_id"));
  took.generate_s = generate.seconds();
  return took;
}

std::vector<std::string> Served::download_codes() {
  std::string csv;
  const auto status =
      client()->stream("/v1/registration-codes.csv", admin_key_, [&](std::string_view piece) { csv.append(piece); });
  if (status != 200) throw std::runtime_error("the codes can't be downloaded: " + csv);
  std::vector<std::string> codes;
  std::string_view rest = csv;
  while (!rest.empty()) {
    auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    const auto code = line.substr(line.rfind(',') + 1);
    if (code.size() == 14 && code[4] == '-') codes.emplace_back(code);
  }
  return codes;
}

std::vector<std::string> Served::redeem_requests(const std::vector<std::string>& codes) const {
  std::vector<std::string> requests;
  for (const auto& code : codes)
    requests.push_back(post_request("/v1/redeem", "", "application/json",
                                    R"({"code":")" + code + R"(","device":{"name":"Phone","platform":"android"}})"));
  return requests;
}

void Served::redeem(const std::vector<std::string>& codes) {
  const auto requests = redeem_requests(codes);
  Load load{.port = port_, .requests = &requests};
  load.on_body = [this](std::string_view body) {
    const auto parsed = json::parse({body.data(), body.size()}).as_object();
    tokens_.push_back(text(parsed, "access_token"));
    users_.push_back(text(parsed, "user_id"));
  };
  const auto loaded = run(load);
  if (loaded.failed > 0) throw std::runtime_error("a redemption was refused: " + loaded.first_failure);
}

std::vector<std::string> Served::users_without_mfa() const {
  std::vector<std::string> ids;
  auto http = client();
  for (std::string target = "/v1/users?mfa=false&limit=1000";;) {
    const auto page = expect(http->get(target, admin_key_), 200);
    for (const auto& user : page.at("items").as_array()) ids.push_back(text(user.as_object(), "id"));
    if (!page.at("has_more").as_bool()) return ids;
    target = "/v1/users?mfa=false&limit=1000&after=" + text(page, "next");
  }
}

std::vector<Served::Device> Served::add_devices(std::size_t count) {
  import_users(count);
  std::vector<std::string> enrolments, confirmations;
  for (const auto& user : users_without_mfa())
    enrolments.push_back(post_request("/v1/authenticators", admin_key_, "application/json",
                                      R"({"type":"totp","force":true,"user_id":")" + user + "\"}"));
  std::vector<Device> devices;
  const auto send = [&](const std::vector<std::string>& requests, std::function<void(std::string_view)> on_body) {
    const auto loaded = run({.port = port_, .requests = &requests, .on_body = std::move(on_body)});
    if (loaded.failed > 0) throw std::runtime_error("not enrolled: " + loaded.first_failure);
  };
  send(enrolments, [&](std::string_view body) {
    const auto made = json::parse({body.data(), body.size()}).as_object();
    const auto seed = keys::parse_base32(text(made, "secret"));
    if (!seed) throw std::runtime_error("the secret is no base32");
    devices.push_back({text(made, "user_id"), text(made, "id"), *seed});
  });
  const auto step = static_cast<std::uint64_t>(wall_clock() / 1'000 / period_s);
  for (const auto& device : devices)  // by one that is over, so that the present one is left
    confirmations.push_back(post_request("/v1/authenticators/" + device.id + "/confirm", admin_key_, "application/json",
                                         R"({"otp":")" + otp::hotp(device.seed, step - 3, {}) + "\"}"));
  send(confirmations, {});
  return devices;
}

std::vector<std::string> Served::verify_requests(std::span<const Device> devices) const {
  const auto step = static_cast<std::uint64_t>(wall_clock() / 1'000 / period_s);
  std::vector<std::string> requests;
  for (const auto& device : devices)
    requests.push_back(
        post_request("/v1/verify", gateway_key_, "application/json",
                     R"({"user_id":")" + device.user + R"(","otp":")" + otp::hotp(device.seed, step, {}) + "\"}"));
  return requests;
}

std::vector<std::string> Served::introspect_requests() const {
  std::vector<std::string> requests;
  for (const auto& token : tokens_)
    requests.push_back(
        post_request("/oauth2/introspect", gateway_key_, "application/x-www-form-urlencoded", "token=" + token));
  return requests;
}

std::vector<std::string> Served::user_requests() const {
  std::vector<std::string> requests;
  for (const auto& user : users_)
    requests.push_back("GET /v1/users/" + user + " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " + admin_key_ +
                       "\r\n\r\n");
  return requests;
}

}  // namespace countersign::bench
