#include "domain/event.h"

namespace countersign::domain {
namespace {

std::string_view built(const flatbuffers::FlatBufferBuilder& builder) {
  return {reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize()};
}

std::string_view bytes_of(const flatbuffers::Vector<std::uint8_t>* vector) {
  if (!vector) return {};
  return {reinterpret_cast<const char*>(vector->data()), vector->size()};
}

flatbuffers::FlatBufferBuilder& fresh_builder() {
  thread_local flatbuffers::FlatBufferBuilder builder(2048);
  builder.Clear();
  return builder;
}

fb::Party to_fb(const Party& party) {
  return {party.kind, domain::to_fb(party.id)};
}

}  // namespace

fb::Uuid to_fb(const Uuid& uuid) {
  return fb::Uuid(flatbuffers::span<const std::uint8_t, 16>(uuid.bytes.data(), 16));
}

fb::Digest to_fb(const Digest& digest) {
  return fb::Digest(flatbuffers::span<const std::uint8_t, 32>(digest.data(), 32));
}

std::string encode_clear(const NewEvent& event, const EventStamp& stamp) {
  auto& builder = fresh_builder();
  const auto payload = event.payload.Pack(builder);
  const auto id = to_fb(stamp.id.uuid), account = to_fb(stamp.account.uuid);
  const auto actor = to_fb(stamp.actor), subject = to_fb(event.subject), target = to_fb(event.target);
  const auto session = to_fb(event.session.uuid), correlation = to_fb(stamp.correlation),
             causation = to_fb(stamp.causation);
  fb::ClearBuilder clear(builder);
  clear.add_version(1);
  clear.add_id(&id);
  clear.add_account(&account);
  clear.add_sequence(stamp.sequence);
  clear.add_time(stamp.time);
  clear.add_type(event.type);
  clear.add_outcome(event.outcome);
  clear.add_reason(event.reason);
  clear.add_role(stamp.role);
  if (stamp.actor.kind != PartyKind::none) clear.add_actor(&actor);
  if (event.subject.kind != PartyKind::none) clear.add_subject(&subject);
  if (event.target.kind != PartyKind::none) clear.add_target(&target);
  if (event.session) clear.add_session(&session);
  if (!stamp.correlation.is_nil()) clear.add_correlation(&correlation);
  if (!stamp.causation.is_nil()) clear.add_causation(&causation);
  fb::ShortDigest ip;
  if (stamp.ip) {
    ip = fb::ShortDigest(flatbuffers::span<const std::uint8_t, 16>(stamp.ip->data(), 16));
    clear.add_ip(&ip);
  }
  if (stamp.country != 0) clear.add_country(stamp.country);
  fb::Digest commitment;
  if (stamp.commitment) {
    commitment = to_fb(*stamp.commitment);
    clear.add_commitment(&commitment);
  }
  if (!payload.IsNull()) {
    clear.add_payload_type(event.payload.type);
    clear.add_payload(payload);
  }
  builder.Finish(clear.Finish());
  return std::string(built(builder));
}

std::string encode_personal(const Personal& personal) {
  auto& builder = fresh_builder();
  // Absent strings cost nothing: the object API would write an empty string for each.
  const auto text = [&](const std::string& s) {
    return s.empty() ? flatbuffers::Offset<flatbuffers::String>() : builder.CreateString(s);
  };
  std::vector<flatbuffers::Offset<fb::Attribute>> rows;
  for (const auto& attribute : personal.attributes)
    rows.push_back(fb::CreateAttribute(builder, text(attribute->name), text(attribute->value)));
  const auto attributes = rows.empty() ? flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<fb::Attribute>>>()
                                       : builder.CreateVector(rows);
  const auto ip = text(personal.ip), agent = text(personal.user_agent), first = text(personal.first_name),
             last = text(personal.last_name), email = text(personal.email), login = text(personal.login_name),
             code = text(personal.code), device = text(personal.device_name), platform = text(personal.device_platform),
             model = text(personal.device_model), serial = text(personal.device_serial),
             key = text(personal.device_public_key), name = text(personal.name), detail = text(personal.detail),
             city = text(personal.city), organization = text(personal.as_organization), phone = text(personal.phone);
  builder.Finish(fb::CreatePersonal(builder, ip, agent, first, last, email, login, attributes, code, device, platform,
                                    model, serial, key, name, detail, city, personal.as_number, organization, phone));
  return std::string(built(builder));
}

std::string encode_event(std::string_view clear, std::string_view sealed) {
  auto& builder = fresh_builder();
  const auto seal = sealed.empty()
                        ? flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>>()
                        : builder.CreateVector(reinterpret_cast<const std::uint8_t*>(sealed.data()), sealed.size());
  builder.ForceVectorAlignment(clear.size(), 1, 8);  // a nested buffer is read in place
  const auto nested = builder.CreateVector(reinterpret_cast<const std::uint8_t*>(clear.data()), clear.size());
  builder.Finish(fb::CreateEvent(builder, nested, seal));
  return std::string(built(builder));
}

std::optional<EventView> EventView::parse(std::string_view bytes) {
  flatbuffers::Verifier verifier(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (!verifier.VerifyBuffer<fb::Event>(nullptr)) return std::nullopt;
  const auto* event = flatbuffers::GetRoot<fb::Event>(bytes.data());
  EventView view;
  view.clear_bytes_ = bytes_of(event->clear());
  view.sealed_ = bytes_of(event->sealed());
  view.clear_ = event->clear_nested_root();
  if (view.clear_->version() != 1) return std::nullopt;
  if (view.type() == EventType::none || *fb::EnumNameEventType(view.type()) == '\0') return std::nullopt;
  return view;
}

std::optional<Personal> parse_personal(std::string_view bytes) {
  flatbuffers::Verifier verifier(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (!verifier.VerifyBuffer<fb::Personal>(nullptr)) return std::nullopt;
  Personal personal;
  flatbuffers::GetRoot<fb::Personal>(bytes.data())->UnPackTo(&personal);
  return personal;
}

}  // namespace countersign::domain
