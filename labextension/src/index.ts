import activity from './plugins/activity';
import dagmenu from './plugins/dagmenu';
import launcher from './plugins/launcher';
import mime from './plugins/mime';
import panel from './plugins/panel';
import schedule from './plugins/schedule';
import service from './plugins/service';
import sidebar from './plugins/sidebar';

export default [service, mime, panel, sidebar, dagmenu, schedule, activity, launcher];
