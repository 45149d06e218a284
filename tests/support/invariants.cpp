#include "tests/support/invariants.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace countersign::testing {

using namespace domain;
using projections::encode;
using projections::Table;

namespace {

using Rows = std::map<std::string, std::string>;

Rows rows_of(const projections::Overlay& overlay) {
  Rows out;
  for (const auto& [key, row] : overlay.rows())
    if (auto bytes = encoded(row)) out[std::string(key.view())] = std::move(*bytes);
  return out;
}

AccountId account_in(std::string_view key) {
  return {uuid_from(key.substr(1))};
}
bool is_open(const Code& code) {
  return code.status == CodeStatus::open || code.status == CodeStatus::reserved;
}

struct Counts {
  std::uint64_t users = 0, mfa_users = 0, open_codes = 0, admin_keys = 0, siem_destinations = 0;
  auto operator<=>(const Counts&) const = default;
};

const Code* find_code(const State& state, AccountId account, CodeId id, std::shared_ptr<const User>& user,
                      std::optional<Located>& located) {
  located = state.locate_code(account, id);
  if (!located) return nullptr;
  user = state.user(account, located->user);
  if (!user) return nullptr;
  return located->ended_code ? located->ended_code.get() : user->code(id);
}

void expect_digest_leads_home(const State& state, const std::string& key, const DigestEntry& entry) {
  const Digest digest = [&] {
    Digest out;
    std::memcpy(out.data(), key.data() + 1, out.size());
    return out;
  }();
  const auto user = state.user(entry.account, entry.user);
  switch (entry.kind) {
    case PartyKind::user:
      ASSERT_TRUE(user);
      EXPECT_TRUE(user->email == digest || user->login_name == digest);
      break;
    case PartyKind::registration_code:
    case PartyKind::source: {
      std::shared_ptr<const User> owner;
      std::optional<Located> located;
      const auto* code = find_code(state, entry.account, CodeId{entry.id}, owner, located);
      ASSERT_TRUE(code);
      EXPECT_EQ(owner->id, entry.user);
      EXPECT_TRUE((entry.kind == PartyKind::source ? code->ticket : code->digest) == digest);
      break;
    }
    case PartyKind::token:
      ASSERT_TRUE(user && user->activation(entry.id));
      EXPECT_TRUE(user->activation(entry.id)->token == digest);
      break;
    case PartyKind::api_key: {
      const auto api = state.api_key(entry.account, ApiKeyId{entry.id});
      ASSERT_TRUE(api);
      EXPECT_TRUE(api->digest == digest);
      break;
    }
    case PartyKind::licence: {
      const auto licence = state.licence(entry.account, LicenceId{entry.id});
      ASSERT_TRUE(licence);
      EXPECT_TRUE(licence->serial == digest);
      break;
    }
    case PartyKind::hardware_token: {
      const auto token = state.hardware_token(entry.account, HardwareTokenId{entry.id});
      ASSERT_TRUE(token);
      EXPECT_TRUE(token->settings.serial == digest);
      break;
    }
    default: FAIL() << "a digest of an unexpected kind";
  }
}

void expect_found_by_its_digest(const State& state, const Digest& digest, const Uuid& id) {
  const auto entry = state.find(digest);
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->id, id);
}

void expect_user_is_whole(const State& state, const Rows& rows, AccountId account, const User& user) {
  const auto due = [&](UnixMs time, Party object) {
    if (time == 0) return;
    const auto row = rows.find(projections::expiry_key(time, account, object));
    ASSERT_TRUE(row != rows.end());
    EXPECT_EQ(row->second, user.id.uuid.view());
  };
  std::size_t live = 0;
  for (const auto& code : user.codes) {
    EXPECT_FALSE(code.ended());
    EXPECT_EQ(code.status == CodeStatus::used, !code.activation.is_nil());
    EXPECT_EQ(static_cast<bool>(code.text), is_open(code));
    expect_found_by_its_digest(state, code.digest, code.id.uuid);
    if (!is_open(code)) continue;
    ++live;
    due(code.expires_at, party(code.id));
    if (code.status == CodeStatus::reserved) due(code.ticket_expires_at, party(code.id));
  }
  for (const auto& made : user.activations) {
    EXPECT_TRUE(made.device_live());
    EXPECT_EQ(made.token_ended_at == 0, made.session_ended_at == 0);
    EXPECT_FALSE(user.disabled && made.token_ended_at == 0);
    if (made.token_ended_at != 0) continue;
    expect_found_by_its_digest(state, made.token, made.id);
    due(made.ends_at(), party(made.token_id()));
  }
  for (const auto& authenticator : user.authenticators) {
    EXPECT_NE(authenticator.status, AuthenticatorStatus::deleted);
    EXPECT_TRUE(rows.contains(projections::authenticator_key(account, authenticator.id)));
    if (may(AuthenticatorAction::expire, authenticator.type, authenticator.status))
      due(authenticator.ends_at(), party(authenticator.id));
    EXPECT_EQ(authenticator.is_being_registered(), authenticator.registration.expires_at != 0);
    const auto& challenge = authenticator.challenge;
    EXPECT_EQ(challenge.is_under_way(), rows.contains(projections::delivery_key(account, authenticator.id)));
    if (challenge.id) {
      EXPECT_TRUE(answers_challenges(authenticator.type));
      EXPECT_EQ(challenge.delivery == Delivery::none, challenge.channel == Channel::none);
      EXPECT_EQ(static_cast<bool>(challenge.question), challenge.channel == Channel::none);
      EXPECT_LT(challenge.issued_at, challenge.expires_at);
    }
    if (is_by_message(authenticator.type) && challenge.id) {
      EXPECT_EQ(authenticator.next, challenge.counter + 1);
    }
    if (authenticator.type == AuthenticatorType::hardware) {
      EXPECT_EQ(state.hardware_token(account, HardwareTokenId{authenticator.id.uuid})->user, user.id);
    }
  }
  EXPECT_LE(std::ranges::count_if(user.authenticators, &Authenticator::is_being_registered), 1);
  EXPECT_LE(user.authenticators.size(), most_authenticators);
  EXPECT_LE(user.lockout.failures, Lockout::most_failures);
  EXPECT_LE(user.messages_at.size(), most_messages_an_hour);
  EXPECT_TRUE(std::ranges::is_sorted(user.messages_at));
  EXPECT_LE(live, most_per_user);
  EXPECT_LE(user.codes.size(), 2 * most_per_user);
  EXPECT_LE(user.activations.size(), most_per_user);
  EXPECT_LE(user.ended_codes.size(), most_per_user);
  EXPECT_LE(user.ended_activations.size(), most_per_user);
  for (const auto& id : user.ended_codes) EXPECT_TRUE(rows.contains(projections::code_key(account, id)));
  for (const auto& id : user.ended_activations) EXPECT_TRUE(rows.contains(projections::activation_key(account, id)));
}

/// Assigned, its user has it as an authenticator; else nobody has.
void expect_is_where_it_says(const State& state, AccountId account, const HardwareToken& token) {
  const auto located = state.locate_authenticator(account, token.authenticator());
  EXPECT_EQ(token.status == HardwareTokenStatus::assigned, static_cast<bool>(token.user));
  EXPECT_EQ(located ? located->user : UserId{}, token.user);
}

void expect_expiry_is_of_something(const State& state, const std::string& key, const std::string& row) {
  const auto due = projections::parse_expiry_key(key);
  const auto user = state.user(due.account, UserId{uuid_from(row)});
  ASSERT_TRUE(user);
  if (due.object.kind == PartyKind::registration_code) {
    const auto* code = user->code(CodeId{due.object.id});
    ASSERT_TRUE(code);
    EXPECT_TRUE(due.time == code->expires_at || due.time == code->ticket_expires_at);
  } else if (due.object.kind == PartyKind::authenticator) {
    const auto* authenticator = user->authenticator(AuthenticatorId{due.object.id});
    ASSERT_TRUE(authenticator);
    EXPECT_EQ(due.time, authenticator->ends_at());
    EXPECT_TRUE(may(AuthenticatorAction::expire, authenticator->type, authenticator->status));
  } else {
    ASSERT_TRUE(user->activation(due.object.id));
    EXPECT_EQ(due.time, user->activation(due.object.id)->ends_at());
  }
}

}  // namespace

void expect_invariants(const Ledger& ledger) {
  const auto& state = ledger.state();
  const auto rows = rows_of(ledger.overlay());
  std::map<AccountId, Counts> counts;
  std::map<LicenceId, std::uint32_t> activations;
  std::vector<Licence> licences;
  std::vector<Account> accounts;
  for (const auto& [key, row] : rows) switch (static_cast<Table>(key[0])) {
      case Table::accounts:
        accounts.push_back(projections::decode_account(row));
        EXPECT_EQ(encode(accounts.back()), row);
        break;
      case Table::users: {
        const auto user = projections::decode_user(row);
        EXPECT_EQ(encode(user), row);
        EXPECT_EQ(user, *state.user(account_in(key), user.id));
        auto& count = counts[account_in(key)];
        ++count.users;
        count.mfa_users += user.has_mfa();
        for (const auto& code : user.codes) count.open_codes += is_open(code);
        for (const auto& each : user.authenticators)
          if (each.licence) ++activations[each.licence];
        expect_user_is_whole(state, rows, account_in(key), user);
        break;
      }
      case Table::api_keys: {
        const auto api = projections::decode_api_key(row);
        EXPECT_EQ(encode(api), row);
        counts[account_in(key)].admin_keys += api.role == Role::admin && api.expires_at == 0 && api.revoked_at == 0;
        break;
      }
      case Table::licences:
        licences.push_back(projections::decode_licence(row));
        EXPECT_EQ(encode(licences.back()), row);
        expect_found_by_its_digest(state, licences.back().serial, licences.back().id.uuid);
        break;
      case Table::hardware_tokens: {
        const auto token = projections::decode_hardware_token(row);
        EXPECT_EQ(encode(token), row);
        expect_found_by_its_digest(state, token.settings.serial, token.id.uuid);
        expect_is_where_it_says(state, account_in(key), token);
        break;
      }
      case Table::siem_destinations: {
        const auto destination = projections::decode_siem_destination(row);
        EXPECT_EQ(encode(destination), row);
        EXPECT_LE(destination.start, destination.reported);
        ++counts[account_in(key)].siem_destinations;
        break;
      }
      case Table::codes: {
        EXPECT_EQ(encode(projections::decode_located(row)), row);
        std::shared_ptr<const User> user;
        std::optional<Located> located;
        EXPECT_TRUE(
            find_code(state, account_in(key), CodeId{uuid_from(std::string_view(key).substr(17))}, user, located));
        break;
      }
      case Table::activations: {
        const auto located = projections::decode_located(row);
        EXPECT_EQ(encode(located), row);
        const auto user = state.user(account_in(key), located.user);
        ASSERT_TRUE(user);
        EXPECT_TRUE(located.ended_activation || user->activation(uuid_from(std::string_view(key).substr(17))));
        break;
      }
      case Table::authenticators: {
        const auto located = projections::decode_located(row);
        EXPECT_EQ(encode(located), row);
        const auto user = state.user(account_in(key), located.user);
        ASSERT_TRUE(user);
        EXPECT_TRUE(user->authenticator(AuthenticatorId{uuid_from(std::string_view(key).substr(17))}));
        break;
      }
      case Table::deliveries: {
        const auto user = state.user(account_in(key), UserId{uuid_from(row)});
        const auto* authenticator =
            user ? user->authenticator(projections::parse_delivery_key(key).authenticator) : nullptr;
        EXPECT_TRUE(authenticator && authenticator->challenge.is_under_way());
        break;
      }
      case Table::digests: {
        const auto entry = projections::decode_digest_entry(row);
        EXPECT_EQ(encode(entry), row);
        expect_digest_leads_home(state, key, entry);
        break;
      }
      case Table::expiry: expect_expiry_is_of_something(state, key, row); break;
      default: break;
    }
  for (const auto& licence : licences) {
    EXPECT_EQ(licence.used, activations[licence.id]);
    EXPECT_LE(std::uint64_t{licence.used} + licence.lost(), licence.activations);
    EXPECT_LE(licence.used, licence.last_instance);
    activations.erase(licence.id);
  }
  EXPECT_TRUE(activations.empty()) << "of licences that don't exist";
  for (const auto& account : accounts) {
    const Counts kept{account.users, account.mfa_users, account.open_codes, account.admin_keys,
                      account.siem_destinations};
    const auto& counted = counts[account.id];
    EXPECT_EQ(kept.users, counted.users);
    EXPECT_EQ(kept.mfa_users, counted.mfa_users);
    EXPECT_EQ(kept.open_codes, counted.open_codes);
    EXPECT_EQ(kept.admin_keys, counted.admin_keys);
    EXPECT_EQ(kept.siem_destinations, counted.siem_destinations);
  }
}

void expect_refold_equal(const Ledger& ledger) {
  const NoRows nothing;
  projections::Overlay again;
  const projections::ViewState state(nothing, {}, &again);
  for (const auto& bytes : ledger.events()) {
    const auto event = EventView::parse(bytes);
    projections::reduce(again, state, {*event, bus::sha256(event->clear_bytes())}, bytes);
  }
  EXPECT_EQ(rows_of(again), rows_of(ledger.overlay()));
}

void expect_sound_history(const Ledger& ledger) {
  std::map<AccountId, std::uint64_t> sequences;
  std::set<Uuid> used;
  UnixMs time = 0;
  for (const auto& bytes : ledger.events()) {
    const auto event = EventView::parse(bytes);
    EXPECT_EQ(event->sequence(), ++sequences[event->account()]);
    EXPECT_GE(event->time(), time);
    time = event->time();
    if (event->type() == EventType::registration_code_used) {
      EXPECT_TRUE(used.insert(event->target().id).second);
    }
  }
}

}  // namespace countersign::testing
