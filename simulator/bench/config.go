package bench

// influxDatabase is the bucket that quantrac writes to.
const influxDatabase = "quantrac"

// mosquittoConfig keeps every message for the subscriber's session, however far behind it is.
const mosquittoConfig = `listener {port} {host}
allow_anonymous true
persistence true
persistence_location {dir}/
max_inflight_messages 0
max_queued_messages 0
set_tcp_nodelay true
log_dest stderr
log_type error
log_type warning
connection_messages false
`

// influxConfig turns off what measures or logs InfluxDB itself. Everything that bears on durability is as it comes.
const influxConfig = `reporting-disabled = true
bind-address = "{rpc}"
[meta]
  dir = "{dir}/meta"
  logging-enabled = false
[data]
  dir = "{dir}/data"
  wal-dir = "{dir}/wal"
  query-log-enabled = false
[monitor]
  store-enabled = false
[http]
  bind-address = "{http}"
  log-enabled = false
[logging]
  level = "warn"
`

// telegrafConfig is Telegraf tuned for this load: acknowledged only after the write (tracking), a persistent session, large
// batches, no compression on loopback. Of its parsers for this payload "json" was the fastest, before "json_v2".
const telegrafConfig = `[agent]
  interval = "10s"
  flush_interval = "200ms"
  flush_jitter = "0s"
  metric_batch_size = 5000
  metric_buffer_limit = 200000
  omit_hostname = true
[[outputs.influxdb]]
  urls = ["{influx}"]
  database = "{database}"
  content_encoding = "identity"
  timeout = "30s"
[[inputs.mqtt_consumer]]
  servers = ["tcp://{mqtt}"]
  topics = ["quantrac/v1/+/readings"]
  topic_tag = ""
  qos = 1
  client_id = "telegraf"
  persistent_session = true
  max_undelivered_messages = 20000
  data_format = "json"
  name_override = "readings"
  json_time_key = "measured_at"
  json_time_format = "2006-01-02T15:04:05.000-07:00"
  fieldexclude = ["sequence"]
  [[inputs.mqtt_consumer.topic_parsing]]
    topic = "quantrac/v1/+/readings"
    tags = "_/_/station/_"
`

// telegrafPrefix is what Telegraf puts before the name of a field that it took out of the object "values".
const telegrafPrefix = "values_"
