import launcher from './plugins/launcher';
import mime from './plugins/mime';
import panel from './plugins/panel';
import service from './plugins/service';
import sidebar from './plugins/sidebar';

export default [service, mime, panel, sidebar, launcher];
