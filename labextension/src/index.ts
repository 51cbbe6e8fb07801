import activity from './plugins/activity';
import dagmenu from './plugins/dagmenu';
import help from './plugins/help';
import launcher from './plugins/launcher';
import mime from './plugins/mime';
import panel from './plugins/panel';
import schedule from './plugins/schedule';
import service from './plugins/service';
import sidebar from './plugins/sidebar';
import taskcells from './plugins/taskcells';

export default [service, mime, panel, sidebar, dagmenu, schedule, taskcells, activity, launcher, help];
