import { accounts } from './vi-accounts.ts'
import { alerts } from './vi-alerts.ts'
import { map } from './vi-map.ts'
import { nav } from './vi-nav.ts'
import { pages } from './vi-pages.ts'
import { playback } from './vi-playback.ts'
import type { rest } from './vi-rest.ts'
import { station } from './vi-station.ts'

/**
 * Vietnamese texts of the first view, in the words of the national monitoring practice. They define the keys; English must have the same.
 * The texts of a page belong into vi-rest.ts, which comes with the first page.
 */
export const vi = {
  ...accounts,
  ...playback,
  ...pages,
  ...nav,
  ...alerts,
  ...map,
  ...station,

  'app.name': 'Quan trắc nước thải tự động',
  'app.demo': 'Dữ liệu mô phỏng',
  'app.skip': 'Tới danh sách cảnh báo',
  'app.loading': 'Đang tải…',

  'connection.connecting': 'Đang kết nối',
  'connection.live': 'Trực tuyến',
  'connection.reconnecting': 'Đang kết nối lại',
  'connection.unsure': 'Chưa rõ',
  'connection.offline': 'Mất mạng',
  'connection.heard': 'tin cuối {when}',
  'connection.silent': 'im lặng {age}',

  'language.switch': 'English',
  'theme.to_dark': 'Giao diện tối',
  'theme.to_light': 'Giao diện sáng',

  'search.label': 'Tìm trạm, khu công nghiệp, thông số, địa danh',
  'search.none': 'Không tìm thấy gì có tên như vậy',
  'search.station': 'Trạm',
  'search.park': 'KCN',

  'state.good': 'Trong ngưỡng',
  'state.tendency': 'Xu hướng vượt',
  'state.preparing': 'Chuẩn bị vượt',
  'state.exceed': 'Vượt ngưỡng',
  'state.offline': 'Mất kết nối',
  'state.calibrating': 'Hiệu chuẩn',
  'state.fault': 'Lỗi thiết bị',
  'state.no_discharge': 'Không xả thải',

  'severity.emergency': 'Khẩn cấp',
  'severity.critical': 'Nghiêm trọng',
  'severity.warning': 'Cảnh báo',
  'severity.info': 'Thông tin',

  'legend.title': 'Trạng thái trạm',
  'legend.hint': 'Bấm để ẩn hoặc hiện trên bản đồ',
  'legend.hotspot': 'Điểm nóng ô nhiễm',
  'legend.schematic': 'Bản đồ sơ lược, không dùng để đo đạc',
  'map.label': 'Bản đồ các trạm',
  'map.reset': 'Toàn tỉnh',
  'map.failed': 'Trình duyệt không vẽ được bản đồ (cần WebGL 2). Danh sách bên cạnh vẫn dùng được.',

  'tab.alerts': 'Cảnh báo',
  'tab.stations': 'Trạm',
  'tab.hotspots': 'Điểm nóng',
  'list.label': 'Danh sách giám sát',

  'alerts.none': 'Không có cảnh báo nào đang mở.',
  'alerts.none_hint': 'Trang tự cập nhật khi có cảnh báo mới.',
  'alert.operational': 'Cảnh báo vận hành',
  'alert.mean_1h': 'Trung bình 1 giờ',
  'alert.mean_24h': 'Trung bình 24 giờ',
  'alert.rate': 'Tốc độ thay đổi',
  'alert.forecast': 'Dự báo',
  'alert.silence': 'Mất tín hiệu',
  'alert.flatline': 'Giá trị đứng yên',
  'alert.unusable': 'Không có giá trị dùng được',
  'alert.and_beneath': 'và {n} cảnh báo cùng nguyên nhân',
  'alert.expression': 'Quy tắc riêng',
  'alert.times': '{ratio} lần giới hạn',
  'alert.percent': '{ratio} % giới hạn',
  'alert.limit': 'giới hạn {limit}',
  'alert.since': 'từ {when}',
  'alert.unverified': 'chưa đối chiếu văn bản gốc',
  'alert.new': 'mới',
  'alert.late': 'dữ liệu đến muộn',
  'alert.acknowledged': 'đã tiếp nhận: {who}',
  'alert.basis_note': 'Giá trị tức thời 5 phút: dùng để vận hành, không phải kết luận vi phạm.',
  'alert.peak': 'cao nhất {value}',
  'alert.timeline': 'Diễn biến',
  'alert.rule': 'Quy tắc',
  'alert.opened_at': 'Mở lúc',
  'alert.close': 'Đóng chi tiết cảnh báo',
  'alert.not_there': 'Không tìm thấy cảnh báo này.',
  'alert.gone': 'Cảnh báo này đã kết thúc.',
  'alert.station': 'cấp trạm',

  'event.alert.opened': 'Mở cảnh báo',
  'event.alert.updated': 'Thay đổi',
  'event.alert.acknowledged': 'Tiếp nhận',
  'event.alert.resolved': 'Kết thúc',
  'event.alert.closed': 'Đóng',
  'event.alert.withdrawn': 'Rút lại',
  'event.notice': 'Gửi thông báo',
  'notice.to': 'đến {name}, lần {attempt}',
  'notice.delivered': 'đã nhận',
  'notice.failed': 'chưa gửi được',

  'stations.none': 'Không có trạm nào ở trạng thái đang chọn.',
  'stations.index': 'Tỷ số lớn nhất so với giới hạn',

  'hotspots.none': 'Không có điểm nóng nào.',
  'hotspots.none_hint': 'Điểm nóng là từ hai trạm vượt giới hạn nằm gần nhau.',
  'hotspots.score': 'điểm {score}',
  'hotspots.members': '{n} trạm',

  'panel.close': 'Đóng hồ sơ trạm',
  'panel.label': 'Hồ sơ trạm',
  'panel.parameters': 'Thông số',
  'panel.alerts': 'Cảnh báo đang mở',
  'panel.never': 'Trạm chưa gửi dữ liệu.',
  'panel.limit': 'Giới hạn',
  'panel.value': 'Giá trị',
  'panel.ratio': 'So với giới hạn',
  'panel.age': 'Tuổi',
  'panel.no_limit': 'không có',
  'panel.water': 'Nguồn tiếp nhận',
  'panel.capacity': 'Công suất thiết kế',
  'panel.area': 'Diện tích',
  'panel.place': 'Địa điểm',
  'panel.confidence': 'Độ tin cậy của dữ liệu nền',
  'panel.precision': 'vị trí KCN có thể lệch {km} km',
  'panel.park': 'Khu công nghiệp',

  'chart.title': '{parameter}, 24 giờ qua, trung bình 5 phút',
  'chart.loading': 'Đang tải số liệu…',
  'chart.empty': 'Không có dữ liệu trong 24 giờ qua.',
  'chart.failed': 'Không tải được số liệu lịch sử.',
  'chart.retry': 'Thử lại',
  'chart.label': '{parameter}: {n} giá trị, nhỏ nhất {min}, lớn nhất {max}, mới nhất {last} {unit}',
  'chart.limit': 'giới hạn',

  'kind.effluent': 'Trạm nước thải',
  'kind.surface_water': 'Trạm nước mặt',
  'kind.stack': 'Trạm khí thải',
  'kind.air': 'Trạm không khí xung quanh',

  'time.now': 'vừa xong',
  'time.seconds': '{n} giây trước',
  'time.minutes': '{n} phút trước',
  'time.hours': '{n} giờ trước',
  'time.days': '{n} ngày trước',
  'time.short_seconds': '{n} giây',
  'time.short_minutes': '{n} phút',
  'time.short_hours': '{n} giờ',
  'time.short_days': '{n} ngày',

  'sign_in.title': 'Đăng nhập',
  'sign_in.token': 'Mã truy cập API',
  'sign_in.wrong': 'Mã không đúng hoặc đã hết hiệu lực.',
  'sign_in.without': 'Vào không cần mã',
} as const

export type Key = keyof typeof vi | keyof typeof rest
